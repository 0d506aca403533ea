// The shell side of a removal. Each takes the agent's folder as $1 and touches nothing outside it.

/** Processes whose program is (or was) in the folder. The daemon is told by its first argument. */
const ownProcesses = `own() { for e in /proc/[0-9]*/exe; do
  case $(readlink "$e" 2>/dev/null) in "$1"/bin/*) p=\${e%/exe}; echo "\${p#/proc/}";; esac
done; }
daemons() { for p in $(own "$1"); do
  tr '\\0' ' ' <"/proc/$p/cmdline" 2>/dev/null | grep -q ' daemon ' && echo "$p"
done; }`;

/**
 * $2 keep or stop. The entry goes after the daemon: what still runs then needs the user's lingering. A daemon that does
 * not answer is ended by signals, which its tasks survive; a service manager starts what was killed once more, so TERM again.
 */
export const stopAgentScript = `${ownProcesses}
b=$1/bin/mesolite-agent
if [ -x "$b" ]; then
  "$b" stop --tasks "$2" --dir "$1" 2>&1
  "$b" boot --dir "$1" remove 2>&1
else echo "no agent in $1"; fi
for s in TERM KILL TERM; do
  i=0; while [ -n "$(daemons "$1")" ] && [ $i -lt 20 ]; do
    [ $i = 2 ] && kill -$s $(daemons "$1") 2>/dev/null
    sleep 0.1 2>/dev/null || sleep 1; i=$((i+1)); done
done
[ -z "$(daemons "$1")" ] || { echo problem=agent; exit 3; }`;

/** $2... ids of tasks whose folders stay, or \`all\`. Guarded by name and against links before anything goes. */
export const dropFilesScript = `d=$1; shift
case $d in /*/mesolite|/*/.mesolite) ;; *) echo problem=guard; exit 3;; esac
[ ! -L "$d" ] || { echo problem=guard; exit 3; }
[ -d "$d" ] || { echo "$d was gone already"; exit 0; }
if [ $# = 0 ]; then rm -rf "$d"; [ ! -e "$d" ] || { echo problem=left; exit 3; }; echo "removed $d"; exit 0; fi
for f in "$d"/* "$d"/.[!.]*; do [ "$f" = "$d/tasks" ] || rm -rf "$f"; done
if [ "$1" != all ]; then
  for t in "$d"/tasks/*; do
    stays=no; for id in "$@"; do [ "$t" = "$d/tasks/$id" ] && stays=yes; done
    [ $stays = yes ] || rm -rf "$t"
  done
fi
echo "removed all of $d but $(ls "$d/tasks" 2>/dev/null | tr '\\n' ' ')"`;

export const verifyScript = {
  /** $1 our marker, or nothing when no key was planted. */
  keys: `[ -z "$1" ] || ! grep -F "$1" "$HOME/.ssh/authorized_keys" 2>/dev/null`,
  rest: `${ownProcesses}
left=0
for p in $(own "$1"); do left=1; echo "process $p: $(tr '\\0' ' ' <"/proc/$p/cmdline")"; done
if [ -e "$1" ]; then left=1; ls -lAR "$1" 2>&1 | head -n 60; fi
exit $left`,
};
