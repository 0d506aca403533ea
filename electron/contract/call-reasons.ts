// Reasons of refusals that only schedulers meet: they are programs, so there is no text for people beside the English
// detail. What people can meet is in reasons.ts. Never renamed: schedulers may branch on them.

const callReasons = [
  // Who calls
  'framework-unknown',
  'framework-completed',
  'framework-disconnected',
  'framework-built-in',
  'role-twice',
  'role-missing',
  'role-not-subscribed',
  'multi-role-needed',
  'priority-wrong',
  'stream-old',
  'reconciling-already',
  // Offers
  'offer-unknown',
  'offer-expired',
  'offer-foreign',
  'offer-twice',
  'offers-of-two-agents',
  'offers-of-two-roles',
  'agent-not-active',
  // What is asked of them
  'more-than-offered',
  'amount-negative',
  'amount-not-a-number',
  'amount-fractional',
  'resource-unknown',
  'resource-type-mixed',
  'constraints-wrong',
  'task-exists',
  'task-without-resources',
  'reservation-wrong',
  'ports-not-reservable',
  'volume-exists',
  'volume-unknown',
  'volume-in-use',
  'operation-exists',
  'operations-unacknowledged',
  // Calls that find nothing to act on
  'executor-unknown',
  'update-unknown',
] as const;
export type CallReason = (typeof callReasons)[number];
