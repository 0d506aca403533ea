// English words for refusals, chosen by reason, else by code. `.do` = what the person can do about it.
export const enRefusals = {
  'refusal.details': 'Details',
  'refusal.code.invalid': 'That cannot be done this way.',
  'refusal.code.invalid.do': 'Check what you entered and try again.',
  'refusal.code.not-found': 'It is not there.',
  'refusal.code.not-found.do': 'It may have been removed or moved. Look again, then repeat.',
  'refusal.code.conflict': 'Something else is in the way.',
  'refusal.code.conflict.do': 'Wait until the other thing is done, or undo it.',
  'refusal.code.unauthorized': 'It was not allowed.',
  'refusal.code.unauthorized.do': 'Check user, key and password, then try again with other credentials.',
  'refusal.code.unreachable': 'The machine cannot be reached.',
  'refusal.code.unreachable.do': 'Check that it is on and on this network, then try again.',
  'refusal.code.timeout': 'It took too long to answer.',
  'refusal.code.timeout.do':
    'Try again. When it happens often, look at the load of the machine and the network.',
  'refusal.code.exhausted': 'There is not enough room for it.',
  'refusal.code.exhausted.do': 'Free something there, or ask for less.',
  'refusal.code.unsupported': 'This is not possible there.',
  'refusal.code.unsupported.do': 'The machine lacks something Mesolite needs; the details name it.',
  'refusal.code.internal': 'Mesolite made a mistake. Nothing was changed.',
  'refusal.code.internal.do': 'Try again; if it stays, report it with the details.',
} as const;
