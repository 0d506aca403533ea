// Who may know whom: contract <- core <- adapters <- shell; renderer -> contract. The module count is checked by
// build/check, because a cruiser that cannot read the sources finds nothing wrong either.
const fence = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
const onlyTo = (folders, packages = []) => ({
  pathNot: [
    ...folders.map((folder) => `^${folder}/`),
    ...packages.map((name) => `(^|/)node_modules/${name}/`),
  ],
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // Tests may know the types of each other in a circle; oxlint finds the cycles that run.
    fence(
      'no-cycle',
      { pathNot: '^test/' },
      { circular: true },
      'a cycle has no bottom: nothing in it can be understood alone',
    ),
    fence(
      'not-found',
      {},
      { couldNotResolve: true, pathNot: '^(electron$|virtual:)' },
      'an import that leads nowhere',
    ),
    fence(
      'contract-knows-zod',
      { path: '^electron/contract/' },
      onlyTo(['electron/contract'], ['zod']),
      'shapes only',
    ),
    fence(
      'core-is-pure',
      { path: '^electron/core/' },
      onlyTo(['electron/core', 'electron/contract'], ['re2js']),
      'the core decides; it does no I/O and knows no package but the engine of patterns, which is pure',
    ),
    fence(
      'adapters-know-core',
      { path: '^electron/adapters/' },
      { path: '^(electron/(shell/|headless)|renderer/|test/|build/)' },
      'adapters turn the world into events and decide nothing',
    ),
    fence(
      'adapters-apart',
      { path: '^electron/adapters/([^/]+)/' },
      { path: '^electron/adapters/', pathNot: '^electron/adapters/$1/' },
      'adapters meet in the shell only',
    ),
    fence(
      'renderer-knows-contract',
      { path: '^renderer/', pathNot: '^renderer/vite[.]config[.]ts$' },
      { path: '^(electron/(?!contract/)|test/|build/)', dependencyTypesNot: ['npm-dev'] },
      'the window sees shapes and its bridge, nothing else of the app',
    ),
    fence(
      'renderer-no-node',
      { path: '^renderer/', pathNot: '^renderer/vite[.]config[.]ts$' },
      { dependencyTypes: ['core'] },
      'there is no Node in the window',
    ),
    fence(
      'kit-has-no-domain',
      { path: '^renderer/kit/' },
      { path: '^(electron/|renderer/(?!kit/))' },
      'the kit is parts for any app',
    ),
    fence(
      'pages-apart',
      { path: '^renderer/pages/([^/]+)/' },
      { path: '^renderer/pages/', pathNot: '^renderer/pages/$1/' },
      'what two pages need moves to kit, parts or store',
    ),
    fence(
      'parts-below-pages',
      { path: '^renderer/(parts|store|bridge)/' },
      { path: '^renderer/pages/' },
      'a page is the end of the line',
    ),
    fence(
      'electron-in-shell',
      { pathNot: '^(electron/shell/|test/(e2e|screens)/)' },
      { path: '(^electron$|(^|/)node_modules/electron/)' },
      'headless has no electron, nor has any test of the rest',
    ),
    fence(
      'no-test-in-app',
      { path: '^(electron|renderer)/' },
      { path: '^(test|build)/' },
      'the app ships without its tests',
    ),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|out|screens|coverage)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
