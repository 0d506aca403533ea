// English texts of adding many machines side by side.
export const enAdding = {
  'add-many.title': 'Add {n, plural, one {# machine} other {# machines}}',
  'add-many.lead':
    'Tick those that share a login and give it once. Each shows its own key first; nothing of what you type leaves before you trust that key.',
  'add-many.which': 'Machines with this login',
  'add-many.config': 'User and key as ~/.ssh/config names them',
  'add-many.config.hint': 'For those that stand there; what is given below is for the others.',
  'add-many.submit': 'Add {n, plural, one {it} other {all #}}',
  'add-many.submit-some': 'Add {n}, then the other {rest}',
  'add-many.retry': 'Try {n} machines again',

  'adding.title': 'Adding machines',
  'adding.empty': 'No machine is being added.',
  'adding.view.all': 'All',
  'adding.view.needs-you': 'Need you',
  'adding.view.under-way': 'Under way',
  'adding.view.live': 'Live',
  'adding.view.not-added': 'Not added',
  'adding.summary': 'How it stands',
  'adding.progress': '{done} of {n} have ended.',
  'adding.done':
    '{live} live{failed, plural, =0 {} other {, # failed}}{skipped, plural, =0 {} other {, # skipped}}, in {took}.',
  'adding.pause': 'Pause {n}',
  'adding.resume': 'Resume {n}',
  'adding.skip': 'Skip {n}',
  'adding.retry': 'Try {n, plural, one {the failed one} other {the # failed}} again',
  'adding.put-away': 'Put them away',
  'adding.keys': 'Keys to compare',
  'adding.keys.jump': 'Jump host {name} of {title}',
  'adding.keys.title':
    '{n, plural, one {Is this the right machine?} other {Are these the right machines? # show a key that nobody has compared.}}',
  'adding.keys.explain':
    'Run this at each machine, compare, and tick what matches. Before that nobody is logged in to it.',
  'adding.keys.refuse': '{title} differs, stop',
  'adding.keys.trust': 'Trust {n, plural, =0 {what is ticked} one {the ticked one} other {the # ticked}}',
  'adding.keys.tick-all': 'Tick all that nothing speaks against',
  'adding.keys.tick-known': 'Tick {n, plural, one {the one} other {the #}} that known_hosts has',
  'adding.on-rack':
    'Adding {n, plural, one {# machine} other {# machines}}: {live} live, {underWay} under way, {needsYou} need you, {notAdded} not added',

  'lane.pause': 'Pause',
  'lane.resume': 'Resume',
  'lane.state.in-line': 'waits for its turn',
  'lane.state.pausing': 'pauses after this step',
  'lane.state.paused': 'paused',
  'attention.lanes':
    '{n, plural, one {# machine} other {# machines}} that you add {needsYou, plural, =0 {could not be added} other {{failed, plural, =0 {need you} other {need you or could not be added}}}}',
} as const;
