// Who we are there and what the machine is: one script, one answer of key=value lines.
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { done, failed, type Lane, type MachineProbe, oddEnd, readPairs, type StepReport } from '../lane.ts';

const script = `have() { command -v "$1" >/dev/null 2>&1; }
echo "uid=$(id -u)"
echo "user=$(id -un 2>/dev/null)"
echo "home=$HOME"
echo "shell=$SHELL"
echo "host=$(uname -n)"
echo "kernel=$(uname -s) $(uname -r)"
echo "cpu=$(uname -m)"
echo "os=$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | tr -d '"')"
if [ -d /run/systemd/system ]; then echo init=systemd
elif [ -d /run/openrc ]; then echo init=openrc
else echo init=other; fi
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo cgroup=v2
elif [ -d /sys/fs/cgroup/memory ] || [ -d /sys/fs/cgroup/cpu ]; then echo cgroup=v1
else echo cgroup=none; fi
if [ "$(id -u)" = 0 ]; then echo sudo=not-needed
elif ! have sudo; then echo sudo=absent
elif out=$(sudo -n true 2>&1); then echo sudo=yes
else echo "sudo=no ($(printf '%s' "$out" | tr '\\n' ' '))"; fi`;

const cpus: ReadonlyMap<string, MachineProbe['arch']> = new Map([
  ['x86_64', 'amd64'],
  ['amd64', 'amd64'],
  ['aarch64', 'arm64'],
  ['arm64', 'arm64'],
  ['armv7l', 'arm'],
  ['armv8l', 'arm'],
  ['riscv64', 'riscv64'],
]);

export async function privileges(lane: Lane, context: LaneContext): Promise<StepReport> {
  const connection = await lane.ensure(context.hostKey, context.learned.login);
  if (!connection.ok) return failed(script, connection.refusal);
  const answer = await lane.run({ script });
  if (!answer.ok) return failed(script, answer.refusal);
  const said = answer.value.output.toString('utf8');
  if (answer.value.code !== 0) return failed(script, oddEnd(answer.value), said);
  const pairs = readPairs(answer.value.output);
  const get = (key: string) => pairs.get(key) ?? '';
  if (!get('kernel').startsWith('Linux ')) {
    return failed(script, { code: 'unsupported', reason: 'unsupported-os', detail: get('kernel') }, said);
  }
  const arch = cpus.get(get('cpu'));
  if (arch === undefined) {
    return failed(script, { code: 'unsupported', reason: 'unsupported-cpu', detail: get('cpu') }, said);
  }
  const uid = Number(get('uid'));
  const home = get('home');
  const hasSudo = get('sudo') === 'yes';
  const isRoot = uid === 0;
  if (!isRoot && !hasSudo && !home.startsWith('/')) {
    return failed(script, { code: 'not-found', reason: 'home-missing', detail: `HOME is ${home}` }, said);
  }
  lane.probe = { uid, user: get('user'), home, arch, hostname: get('host'), hasSudo };
  lane.asRoot = hasSudo && !isRoot;
  lane.agentDir = isRoot || hasSudo ? '/var/lib/mesolite' : `${home.replace(/\/+$/, '')}/.mesolite`;
  return done(script, said, { agentDir: lane.agentDir, sudo: lane.asRoot, hostname: lane.probe.hostname });
}
