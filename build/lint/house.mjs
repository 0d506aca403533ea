// Lint rules of this house that no linter has: which imports a folder may make, and where text must be a literal.
// Loaded by oxlint (`jsPlugins`); each rule is proven by a planted fault in build/selftest.
import path from 'node:path';

/** @typedef {{ type: string, [key: string]: any }} Node */

/** The path inside the repository: from the last source folder name on. @param {string} file */
function insideRepository(file) {
  const parts = file.split(path.sep);
  const at = parts.findLastIndex((part) => ['electron', 'renderer', 'test', 'build'].includes(part));
  return parts.slice(Math.max(at, 0)).join('/');
}

/** @param {string} file @param {string} source */
function targetOf(file, source) {
  return path.posix.normalize(path.posix.join(path.posix.dirname(insideRepository(file)), source));
}

/** @param {(node: Node) => void} check */
function onImports(check) {
  const visit = (/** @type {Node} */ node) => {
    if (node.source?.type === 'Literal') check(node);
  };
  return {
    ImportDeclaration: visit,
    ExportNamedDeclaration: visit,
    ExportAllDeclaration: visit,
    ImportExpression: visit,
  };
}

/** Text whose whole value stands in the source. @param {Node | undefined} node @returns {boolean} */
function isLiteralText(node) {
  if (!node) return false;
  if (node.type === 'Literal') return typeof node.value === 'string';
  if (node.type === 'TemplateLiteral') return node.expressions.length === 0;
  if (node.type === 'BinaryExpression') return isLiteralText(node.left) && isLiteralText(node.right);
  if (node.type === 'ConditionalExpression')
    return isLiteralText(node.consequent) && isLiteralText(node.alternate);
  return false;
}

/** @param {Node} node */
function methodOf(node) {
  const callee = node.callee;
  return callee?.type === 'MemberExpression' && !callee.computed ? callee.property.name : undefined;
}

const onlyImports = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: { foreign: '{{folder}} may not import {{source}}' },
  },
  create(/** @type {any} */ context) {
    const { packages, inside, also = [] } = context.options[0];
    const folders = [inside, ...also];
    return onImports((node) => {
      const source = node.source.value;
      const isAllowed = source.startsWith('.')
        ? folders.some((folder) => targetOf(context.filename, source).startsWith(`${folder}/`))
        : packages.includes(source);
      if (!isAllowed) context.report({ node, messageId: 'foreign', data: { folder: inside, source } });
    });
  },
};

const noSiblingAdapter = {
  meta: { type: 'problem', messages: { sibling: 'adapter {{from}} may not import adapter {{to}}' } },
  create(/** @type {any} */ context) {
    const adapterOf = (/** @type {string} */ file) => /^electron\/adapters\/([^/]+)\//.exec(file)?.[1];
    const from = adapterOf(insideRepository(context.filename));
    return onImports((node) => {
      if (!from || !node.source.value.startsWith('.')) return;
      const to = adapterOf(targetOf(context.filename, node.source.value));
      if (to && to !== from) context.report({ node, messageId: 'sibling', data: { from, to } });
    });
  },
};

const literalSql = {
  meta: { type: 'problem', messages: { built: 'SQL is never put together: bind a parameter' } },
  create(/** @type {any} */ context) {
    return {
      CallExpression(/** @type {Node} */ node) {
        const method = methodOf(node);
        if (!method || !['prepare', 'exec', 'pragma'].includes(method)) return;
        const text = node.arguments[0];
        const isBuilt = text?.type === 'TemplateLiteral' || text?.type === 'BinaryExpression';
        if (isBuilt && !isLiteralText(text)) context.report({ node: text, messageId: 'built' });
      },
    };
  },
};

const literalRemoteCommand = {
  meta: {
    type: 'problem',
    messages: { built: 'a remote command is a constant: send what varies by standard input' },
  },
  create(/** @type {any} */ context) {
    const constants = new Set();
    // A parameter whose type is a union of texts can only be one of them.
    const takeParameters = (/** @type {Node} */ node) => {
      for (const parameter of node.params) {
        const type = parameter.typeAnnotation?.typeAnnotation;
        const choices = type?.type === 'TSUnionType' ? type.types : [type];
        if (choices.every((/** @type {Node} */ one) => one?.type === 'TSLiteralType'))
          constants.add(parameter.name);
      }
    };
    return {
      FunctionDeclaration: takeParameters,
      FunctionExpression: takeParameters,
      ArrowFunctionExpression: takeParameters,
      VariableDeclaration(/** @type {Node} */ node) {
        if (node.kind !== 'const') return;
        for (const one of node.declarations) if (isLiteralText(one.init)) constants.add(one.id.name);
      },
      CallExpression(/** @type {Node} */ node) {
        const isSsh = /^electron\/adapters\/(ssh|agentlink)\//.test(insideRepository(context.filename));
        if (!isSsh || methodOf(node) !== 'exec') return;
        // A regular expression has an exec too; what it is called on is then a literal or named as a pattern.
        const on = node.callee.object;
        if (on.regex || /pattern|regex/i.test(on.name ?? '') || on.property?.name?.match(/pattern/i)) return;
        const text = node.arguments[0];
        const isConstant = isLiteralText(text) || (text?.type === 'Identifier' && constants.has(text.name));
        if (!isConstant) context.report({ node, messageId: 'built' });
      },
    };
  },
};

const reasonedDisable = {
  meta: { type: 'problem', messages: { bare: 'a suppressed rule is named and carries its reason: -- why' } },
  create(/** @type {any} */ context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const text = comment.value.trim();
          const isDisable = /^(oxlint|eslint)-disable/.test(text);
          const isBiome = text.startsWith('biome-ignore');
          if (isDisable && !/-disable\S*\s+[\w@/,\s-]+ -- \S{3,}/.test(text)) {
            context.report({ node: comment, messageId: 'bare' });
          }
          if (isBiome && !/^biome-ignore \S+: \S{3,}/.test(text))
            context.report({ node: comment, messageId: 'bare' });
        }
      },
    };
  },
};

export default {
  meta: { name: 'house' },
  rules: {
    'only-imports': onlyImports,
    'no-sibling-adapter': noSiblingAdapter,
    'literal-sql': literalSql,
    'literal-remote-command': literalRemoteCommand,
    'reasoned-disable': reasonedDisable,
  },
};
