// A command as one line that a person can read; argv is quoted so that it could be pasted into a shell.
import type { CommandInfo, TaskInfo } from '../../electron/contract/task.ts';

export function quote(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

export function commandLine(command: CommandInfo): string {
  if (command.shell) return command.value;
  const argv = command.arguments.length === 0 ? [command.value] : command.arguments;
  return argv.map(quote).join(' ');
}

/** The command, or the image whose own command it is. */
export function taskLine({ command, container }: TaskInfo): string {
  const line = commandLine(command);
  return command.value === '' && line.replaceAll("'", '') === '' ? (container?.image ?? '') : line;
}
