// Counts what React rendered, by component, through the hook that its profiler uses. React takes the hook when it is
// loaded: count first, then import what draws.

type Fiber = {
  readonly type: unknown;
  readonly flags: number;
  readonly child: Fiber | null;
  readonly sibling: Fiber | null;
  readonly alternate: Fiber | null;
};

type Renders = {
  /** Renders by the name of the component since the last reset. */
  readonly by: () => Readonly<Record<string, number>>;
  readonly reset: () => void;
};

/** `PerformedWork` of react-reconciler/src/ReactFiberFlags.js: set on what was rendered in this commit. */
const performedWork = 1;

function nameOf(type: unknown): string | null {
  if (typeof type === 'function') return type.name;
  if (typeof type !== 'object' || type === null) return null;
  const {
    displayName,
    type: inner,
    render,
  } = type as { displayName?: string; type?: unknown; render?: unknown };
  return displayName ?? nameOf(inner ?? render);
}

export function countRenders(): Renders {
  const counts = new Map<string, number>();
  /** A subtree that is the same object as before was left alone, whatever its flags say. */
  const walk = (fiber: Fiber): void => {
    const name = nameOf(fiber.type);
    if (name !== null && (fiber.flags & performedWork) !== 0) counts.set(name, (counts.get(name) ?? 0) + 1);
    if (fiber.alternate !== null && fiber.alternate.child === fiber.child) return;
    for (let child = fiber.child; child !== null; child = child.sibling) walk(child);
  };
  Object.assign(globalThis, {
    __REACT_DEVTOOLS_GLOBAL_HOOK__: {
      supportsFiber: true,
      isDisabled: false,
      inject: () => 1,
      checkDCE: () => undefined,
      onCommitFiberUnmount: () => undefined,
      onPostCommitFiberRoot: () => undefined,
      onCommitFiberRoot: (_id: number, root: { readonly current: Fiber }) => walk(root.current),
    },
  });
  return {
    by: () => Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)),
    reset: () => counts.clear(),
  };
}
