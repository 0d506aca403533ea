// Every reason a refusal may carry, with its meaning in one English line and the key of the suggested next step.
// The message catalogue has one text for each reason and each next step; a test keeps both lists equal.
// Who adds a refusal adds its reason here. Reasons are never renamed: they are stored in journals and logs.

export const nextSteps = [
  'check-address', // is the address or name right?
  'check-network', // is it on, is the cable in, is there a route?
  'check-port', // is sshd running, on which port?
  'check-credentials', // user, password, key
  'choose-login', // another way to log in
  'compare-key', // compare the fingerprint at the machine itself
  'free-space',
  'change-folder', // another user or home: permissions, noexec
  'change-shell', // give the user a real login shell
  'ask-admin', // something on the machine forbids it
  'update-app',
  'update-machine', // its sshd or system is too old or too foreign
  'take-over', // another Mesolite holds it
  'try-again',
  'wait', // nothing to do: it goes on by itself
  'stop-task',
  'report', // a fault of ours
  'none',
] as const;
export type NextStep = (typeof nextSteps)[number];

const reason = (meaning: string, next: NextStep) => ({ meaning, next });

export const reasons = {
  // Reaching a machine
  'no-such-host': reason('No machine has this name.', 'check-address'),
  'name-lookup-failed': reason('The name service did not answer.', 'check-network'),
  'connection-refused': reason('The machine is there, but nothing listens on this port.', 'check-port'),
  'connect-timeout': reason('Nothing answered at this address and port.', 'check-network'),
  'no-route': reason('There is no way to this address from here.', 'check-network'),
  'network-down': reason('This computer has no network.', 'check-network'),
  'connection-reset': reason('The machine cut the connection.', 'try-again'),
  'connection-failed': reason('The connection could not be made.', 'try-again'),
  'forwarding-refused': reason(
    'The jump host does not pass connections on (AllowTcpForwarding, PermitOpen or DisableForwarding of its sshd).',
    'ask-admin',
  ),
  'jump-password-gone': reason(
    'The password of the jump host was kept in memory only: remove the machine and add it again, or let a key in there.',
    'choose-login',
  ),
  // Looking for machines
  'network-not-attached': reason('This computer is not attached to such a private network.', 'check-network'),
  'network-too-large': reason('The network has more addresses than a probe may ask.', 'none'),
  'no-such-search': reason('This search has ended.', 'try-again'),
  'search-failed': reason('A part of the search ended by a fault.', 'report'),
  'neighbours-unreadable': reason('The neighbour table of this computer cannot be read.', 'none'),
  'mdns-unavailable': reason('Multicast DNS cannot be listened to on this computer.', 'none'),
  // SSH before the login
  'not-ssh': reason('Something answers on this port, but it does not speak SSH.', 'check-port'),
  'closed-early': reason(
    'The machine closed the connection before its greeting: too many logins at once, or this computer is banned.',
    'try-again',
  ),
  'no-common-algorithm': reason(
    'The SSH server only offers ciphers that are no longer safe.',
    'update-machine',
  ),
  'handshake-failed': reason('The key exchange with the SSH server failed.', 'try-again'),
  'handshake-timeout': reason('The SSH server greeted, then did not go on.', 'try-again'),
  'host-key-unconfirmed': reason('The fingerprint of the machine was not confirmed yet.', 'compare-key'),
  'host-key-changed': reason('The machine shows another key than the one that was confirmed.', 'compare-key'),
  // Login
  'login-refused': reason('The machine refused this user with these credentials.', 'check-credentials'),
  'login-refused-twice': reason('Two logins were refused; more could lock the account.', 'check-credentials'),
  'login-method-not-offered': reason('The machine does not accept this way of logging in.', 'choose-login'),
  'login-needs-more': reason('The machine asks for more than one proof (a second factor).', 'choose-login'),
  'login-timeout': reason('The machine did not answer the login in time.', 'try-again'),
  'password-expired': reason('The password has expired and must be changed at the machine.', 'ask-admin'),
  'too-many-attempts': reason('The machine stopped the login after too many attempts.', 'try-again'),
  'credentials-missing': reason(
    'The credentials are no longer in memory: they are kept only while adding.',
    'check-credentials',
  ),
  'key-file-missing': reason('There is no such key file.', 'choose-login'),
  'key-file-unreadable': reason('The key file cannot be read.', 'choose-login'),
  'key-file-not-a-key': reason('The file is not a private key in a known format.', 'choose-login'),
  'key-file-public': reason('The file is a public key; the private one is needed.', 'choose-login'),
  'key-passphrase-needed': reason('The key file is protected by a passphrase.', 'check-credentials'),
  'key-passphrase-wrong': reason('The passphrase does not open the key file.', 'check-credentials'),
  'ssh-agent-absent': reason('There is no ssh-agent on this computer.', 'choose-login'),
  'ssh-agent-empty': reason('The ssh-agent on this computer holds no key.', 'choose-login'),
  'own-key-missing': reason("Mesolite's own key cannot be read on this computer.", 'choose-login'),
  'key-not-planted': reason('Our key could not be written to authorized_keys.', 'ask-admin'),
  'planted-key-refused': reason('Our key was written, but the machine does not accept it.', 'ask-admin'),
  // The shell on the machine
  'shell-refused': reason('The login works, but the account may not run commands.', 'change-shell'),
  'channel-refused': reason('The login works, but the machine opens no session.', 'ask-admin'),
  'script-failed': reason('A command on the machine failed.', 'report'),
  'script-timeout': reason('A command on the machine did not end in time.', 'try-again'),
  'answer-too-long': reason('The machine answered with far more than was asked.', 'report'),
  // What the machine is
  'unsupported-cpu': reason('There is no agent for this CPU.', 'none'),
  'unsupported-os': reason('There is no agent for this operating system.', 'none'),
  'home-missing': reason('The user has no home folder.', 'change-folder'),
  'home-not-writable': reason('The folder for the agent cannot be written.', 'change-folder'),
  'no-space': reason('There is not enough room for the agent.', 'free-space'),
  noexec: reason('Programs may not run from the folder for the agent.', 'change-folder'),
  'folder-not-ours': reason('The folder for the agent belongs to somebody else.', 'change-folder'),
  'sudo-refused': reason('sudo without a password no longer works there.', 'ask-admin'),
  // Upload and start
  'agent-binary-missing': reason("The agent's file for this CPU is not part of this installation.", 'report'),
  'upload-failed': reason('The agent could not be written on the machine.', 'try-again'),
  'upload-corrupt': reason('The agent arrived changed: the hashes differ.', 'try-again'),
  'selftest-failed': reason('The agent does not run on this machine.', 'report'),
  'daemon-not-started': reason('The agent was started but does not answer.', 'report'),
  // The link
  'agent-missing': reason('The agent is no longer on the machine.', 'try-again'),
  'agent-not-running': reason('The agent does not run on the machine and could not be started.', 'try-again'),
  'agent-silent': reason('The connection stands, but the agent does not answer.', 'wait'),
  'link-closed': reason('The connection to the agent ended.', 'wait'),
  'link-lost': reason('The machine no longer answers.', 'wait'),
  'not-connected': reason('There is no connection to the machine now.', 'wait'),
  'call-timeout': reason('The agent did not answer in time.', 'wait'),
  'wire-broken': reason('The agent said something that is not in the protocol.', 'report'),
  'wire-version': reason('The agent and this app speak no common version.', 'update-app'),
  'lease-held': reason('Another Mesolite looks after this machine.', 'take-over'),
  'lease-old-epoch': reason('A newer start of this app looks after this machine.', 'none'),
  'lease-lost': reason('Another connection took over this machine.', 'take-over'),
  'agent-error': reason('The agent could not do it.', 'report'),
  'killed-before-launch': reason('The task was killed before it was launched.', 'none'),
  'task-unknown': reason('The agent does not know this task.', 'none'),
  'tasks-running': reason('There are tasks running.', 'stop-task'),
  'log-unavailable': reason('The log of this task cannot be read.', 'none'),
  // This computer's own agent
  'local-agent-missing': reason(
    "The agent's file for this computer is not part of this installation.",
    'report',
  ),
  'local-agent-not-started': reason('The agent of this computer could not be started.', 'try-again'),
  'local-agent-unsupported': reason('There is no agent for this kind of computer.', 'none'),
  // Lanes
  cancelled: reason('Stopped on request.', 'none'),
  'local-machine': reason('This computer cannot be added or removed over SSH.', 'none'),
  'step-failed': reason('A fault of Mesolite in this step.', 'report'),
  'tasks-did-not-stop': reason('Some tasks did not end.', 'try-again'),
  'agent-did-not-stop': reason('The agent did not end.', 'try-again'),
  'folder-guard': reason('The folder is not one of ours: nothing was deleted.', 'report'),
  'files-left': reason('Something of ours is still on the machine.', 'ask-admin'),
  'key-not-removed': reason('Our key line could not be removed.', 'ask-admin'),
  // Requests of the window
  'wrong-shape': reason('The window asked for something in a wrong shape.', 'report'),
  'unknown-channel': reason('The window asked for something that does not exist.', 'report'),
  'foreign-sender': reason('Something other than the window of Mesolite asked.', 'report'),
  'too-many-requests': reason('The window asks too often.', 'wait'),
  'too-large': reason('The request is too large.', 'none'),
  'not-sent': reason('The request could not be sent.', 'report'),
  'request-failed': reason('A fault of Mesolite in this request.', 'report'),
  'too-many-log-streams': reason('Too many logs are open at a time.', 'none'),
  'no-such-task': reason('This task is not known any more.', 'none'),
  'cannot-write-file': reason('The file cannot be written.', 'none'),
  'log-broke-off': reason('The connection ended before the log did.', 'try-again'),
  'log-removed': reason('The log was removed on the machine.', 'none'),
  'file-broke-off': reason('The connection ended before the file did.', 'try-again'),
  'file-removed': reason('The file is no longer on the machine.', 'none'),
  'no-such-file': reason('There is no such file in the sandbox of the task.', 'none'),
  'not-a-file': reason('This is neither a file nor a folder that could be read.', 'none'),
  'path-leaves-sandbox': reason('The path leads out of the sandbox.', 'none'),
  'cannot-read-file': reason('The file cannot be read.', 'none'),
  'artifact-too-large': reason('The file is larger than what Mesolite takes.', 'none'),
  'artifact-store-full': reason('The files of tasks take all the room they may have here.', 'free-space'),
  'artifact-lost': reason('A file for the task is no longer kept on this computer.', 'none'),
  'artifact-busy': reason('The same file is being written there already.', 'wait'),
  'artifact-corrupt': reason('A file for the task arrived changed.', 'try-again'),
  'machine-cache-small': reason("A file for the task is larger than the machine's cache of them.", 'none'),
  'results-not-yet': reason('The results are listed when the task has ended.', 'wait'),
  'artifact-missing': reason('A file for the task is not on the machine.', 'try-again'),
  'not-quitting': reason('Nobody asked to quit.', 'none'),
  // The master
  'agent-gone': reason('The machine was declared gone.', 'none'),
  'agent-draining': reason('The machine is being drained.', 'wait'),
  'agent-drained': reason('The machine is drained.', 'none'),
  'agent-deactivated': reason('New work is paused on this machine.', 'none'),
  'agent-unknown': reason('The machine was never connected.', 'wait'),
  'drain-stopped': reason('The drain was stopped before its end.', 'none'),
  'local-machine-not-gone': reason('This computer cannot be declared gone.', 'none'),
  'maintenance-over': reason('The time of the maintenance is over already.', 'none'),
  'already-added': reason('This agent is already in the rack, under another machine.', 'none'),
  'demo-rack-exists': reason('The demo rack is there already.', 'none'),
  'demo-rack-missing': reason('There is no demo rack.', 'none'),
  'demo-rack-removing': reason('The demo rack is being removed.', 'wait'),
  'lane-cleaning': reason('The last try is still being tidied up on the machine.', 'wait'),
  'lane-ended': reason('This is over already.', 'none'),
  'lane-exists': reason('The machine is being added already.', 'wait'),
  'lane-incomplete': reason('The steps ended without all that is needed.', 'report'),
  'lane-running': reason('The steps are still running.', 'wait'),
  'local-machine-stays': reason('This computer is always part of the rack.', 'none'),
  'machine-being-removed': reason('The machine is being removed.', 'wait'),
  'machine-exists': reason('The machine is in the rack already.', 'none'),
  'machine-unreachable': reason('The machine cannot be reached now.', 'check-network'),
  'no-first-sample': reason('The agent runs, but no sample came.', 'try-again'),
  'no-host-key': reason('The machine showed no key.', 'report'),
  'no-such-lane': reason('This was dismissed already.', 'none'),
  'no-such-machine': reason('The machine is no longer in the rack.', 'none'),
  'not-enough-cpus': reason('The machine does not have that much CPU.', 'none'),
  'not-enough-mem': reason('The machine does not have that much memory.', 'none'),
  'not-enough-disk': reason('The machine does not have that much disk.', 'none'),
  'not-enough-gpus': reason('The machine does not have that many GPUs to give.', 'none'),
  'not-enough-ports': reason('The machine does not have these ports to give.', 'none'),
  'nothing-to-confirm': reason('No fingerprint waits for an answer.', 'none'),
  'other-host-key': reason(
    'The machine now shows another fingerprint than the one on the screen.',
    'compare-key',
  ),
  'snapshot-failed': reason('The safety copy of the database could not be made.', 'free-space'),
  stopping: reason('Mesolite is closing.', 'none'),
  'store-read-only': reason('The database cannot be written now.', 'free-space'),
  'task-ended': reason('The task has ended already.', 'none'),
  'task-exists': reason('There is a task with this id already.', 'none'),
  // Roles
  'role-name': reason('This is no name for a role.', 'none'),
  'weight-wrong': reason('This is no weight for a role.', 'none'),
  'quota-wrong': reason('This is no amount for a quota.', 'none'),
  'quota-on-nested-role': reason('Only a role at the top of the tree can have a quota.', 'none'),
  'quota-limit-below-guarantee': reason('The limit is lower than the guarantee.', 'none'),
  'quota-below-use': reason('The role holds more than this limit already.', 'stop-task'),
  'quota-above-cluster': reason('The machines together cannot hold all guarantees.', 'none'),
  'role-unknown': reason('There is no such role any more.', 'none'),
  'role-has-roles': reason('There are roles below it.', 'none'),
  'role-has-frameworks': reason('A framework is in the role.', 'none'),
  'role-has-tasks': reason('Tasks of the role still hold resources.', 'stop-task'),
  'role-has-slices': reason('Something is set aside for the role on a machine.', 'none'),
  'slice-for-everybody': reason('What is set aside must be for a role.', 'none'),
  'slice-twice': reason('The same role is named twice.', 'none'),
  'slice-too-large': reason('The slices are larger than the machine.', 'none'),
  'slice-in-use': reason('A task uses what would no longer be set aside.', 'stop-task'),
  'slice-space-in-use': reason('Tasks use what would be set aside.', 'stop-task'),
  'slice-above-limit': reason('The role may not have so much: its limit is lower.', 'none'),
  // Frameworks
  'no-such-framework': reason('This framework is not known any more.', 'none'),
  'framework-ended': reason('This framework has ended already.', 'none'),
  'framework-stays': reason('This framework is a part of Mesolite.', 'none'),
  'machine-removed': reason('The machine was removed before that was done.', 'none'),
  'nothing-to-take-over': reason('No other Mesolite holds this machine.', 'none'),
  'agent-too-old': reason('The agent there is from before this could be asked.', 'update-machine'),
  'limits-below-request': reason('A ceiling is lower than what is asked for.', 'none'),
  'limit-cpu-unsupported': reason('A hard CPU limit cannot be held on this machine.', 'none'),
  'limit-mem-unsupported': reason('A memory limit cannot be held on this machine.', 'none'),
  'limit-pids-unsupported': reason('A limit of processes cannot be held on this machine.', 'none'),
  'gpus-unsupported': reason('GPUs cannot be given to a task on this machine.', 'none'),
  'container-engine-missing': reason('There is no such container engine on this machine.', 'none'),
  'container-ports-useless': reason('Ports need the network of the container to be a bridge.', 'none'),
  'container-port-twice': reason('A port of the machine is given away twice.', 'none'),
  'condition-wrong': reason('The condition on machines cannot be read.', 'none'),
  'command-empty': reason('There is nothing to run.', 'none'),
  'check-wrong': reason('The check cannot be carried out as it is written.', 'none'),
  'artifact-without-source': reason('A file has neither an address nor a hash.', 'none'),
  'artifact-path-taken': reason('Two files would come to the same place.', 'none'),
  'artifact-path-wrong': reason('The place of a file is not inside the sandbox.', 'none'),
  'result-pattern-wrong': reason('A pattern of results cannot be read.', 'none'),
  'task-never-ran': reason('The task never ran there.', 'none'),
  'task-not-ended': reason('The task has not ended yet.', 'stop-task'),
  'user-needs-root': reason(
    'Only an agent that runs as root can run a task as another user.',
    'choose-login',
  ),
  // Answers of the agent
  'agent-stopping': reason('The agent is just ending.', 'wait'),
  'machine-disk-full': reason("The disk of the machine's agent is full.", 'free-space'),
  'update-unacknowledged': reason('The last news of the task has not been taken in yet.', 'wait'),
} as const satisfies Readonly<Record<string, { readonly meaning: string; readonly next: NextStep }>>;

export type Reason = keyof typeof reasons;

export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}
