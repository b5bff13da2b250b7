/*
 * Home-made words, and the field's term to use in their place: Ansible's, Docker's, Kubernetes', OpenSSH's or k6's.
 * `npm run check` looks for them in identifiers, texts and comments (the rule below), and a test in the documentation.
 */

/** @type {readonly {word: RegExp, use: string}[]} In identifiers, which are split at their humps; and in texts. */
export const WORDS = [
  { word: /^told$/i, use: 'received, known, or what it is: manifests, facts, settings' },
  { word: /^anew$/i, use: 'again, or recreate, restart' },
  { word: /^heeds?$/i, use: 'receive, obey, use' },
  { word: /^perhaps$/i, use: 'may' },
  { word: /^goodbye$/i, use: 'graceful shutdown' },
  { word: /^(un)?mend(s|ed|ing)?$/i, use: 'fix, recover' },
  { word: /^dealt?$/i, use: 'shard, distribute' },
  { word: /^foreseen?$/i, use: 'predict' },
  { word: /^fared$/i, use: 'request statistics' },
  { word: /^victims?$/i, use: 'target node' },
  { word: /^parted$/i, use: 'network-partitioned' },
  { word: /^doors?$/i, use: 'entry point, published port' },
  { word: /^notebooks?$/i, use: 'report, records' },
  { word: /^doubts?$/i, use: 'warnings, limits' },
  { word: /^whoever$/i, use: 'the user, or who it is' },
]

/** @type {readonly {text: RegExp, use: string}[]} In texts and comments. */
export const PHRASES = [
  { text: /[«»]/, use: 'double quotes' },
  { text: /\bcan ?not be told\b|\bcannot tell\b/i, use: 'inconclusive; in check mode unknown' },
  { text: /\bis to be\b|\bare to be\b/i, use: 'must, will, or the plain present' },
  { text: /\bwhat came of\b/i, use: 'the result of' },
  { text: /\bas things (are|were)\b/i, use: 'currently' },
  { text: /\bfrom bare\b/i, use: 'from a clean install' },
  { text: /\bsigns? of life\b/i, use: 'heartbeat' },
  { text: /\bis another now\b/i, use: 'changed' },
  { text: /\bmain job\b/i, use: 'quick start' },
  { text: /\bhealth tests?\b/i, use: 'health check' },
  { text: /\bthere and back\b/i, use: 'interleaved' },
  { text: /\btakes? in the CA\b/i, use: 'update the CA trust store' },
]

/** Ids of findings stay, whatever they are called: old event logs have them. */
const FINDING_ID = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/

/** A copy of the text without what it quotes from elsewhere, in backticks. */
const ownWords = (/** @type {string} */ text) => (FINDING_ID.test(text) ? '' : text.replaceAll(/`[^`]*`/g, '``'))

/**
 * The home-made words in a text.
 *
 * @param {string} text
 * @returns {{index: number, found: string, use: string}[]}
 */
export function homeMade(text) {
  const own = ownWords(text)
  const found = []
  for (const { 0: each, index } of own.matchAll(/[A-Za-z]+/g)) {
    const entry = WORDS.find(({ word }) => word.test(each))
    if (entry !== undefined) found.push({ index, found: each, use: entry.use })
  }
  for (const { text: phrase, use } of PHRASES) {
    const hit = phrase.exec(own)
    if (hit !== null) found.push({ index: hit.index, found: hit[0], use })
  }
  return found
}

/** The home-made words in an identifier: `whatIsTold` has one. */
export const homeMadeIn = (/** @type {string} */ identifier) =>
  identifier
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z]+/)
    .flatMap((part) => WORDS.filter(({ word }) => word.test(part)).map(({ use }) => ({ found: part, use })))

/**
 * A syntax node around an identifier, of JavaScript or TypeScript.
 *
 * @typedef {object} Parent
 * @property {string} type
 * @property {unknown} [id]
 * @property {unknown} [key]
 * @property {readonly unknown[]} [params]
 * @property {boolean} [shorthand]
 * @property {Parent} [parent]
 */

/** @type {import('eslint').Rule.RuleModule} */
const terms = {
  meta: { type: 'suggestion', schema: [], messages: { term: 'home-made word "{{found}}": use {{use}}' } },
  create(context) {
    const inText = (/** @type {import('estree').Node} */ node, /** @type {string} */ text) => {
      for (const { found, use } of homeMade(text)) context.report({ node, messageId: 'term', data: { found, use } })
    }
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          for (const { found, use } of homeMade(comment.value))
            if (comment.loc) context.report({ loc: comment.loc, messageId: 'term', data: { found, use } })
        }
      },
      Identifier(node) {
        // Where it is declared, not where it is used: one message for each. TypeScript's nodes have no types here.
        const { parent } = /** @type {{ parent: Parent }} */ (/** @type {unknown} */ (node))
        const declares =
          (parent.type === 'VariableDeclarator' && parent.id === node) ||
          /^(Function|TSInterface|TSTypeAlias|Class)/.test(parent.type) ||
          (/^(TSPropertySignature|TSMethodSignature|MethodDefinition|PropertyDefinition)$/.test(parent.type) &&
            parent.key === node) ||
          (parent.type === 'Property' && parent.shorthand === true && parent.parent?.type === 'ObjectPattern') ||
          (parent.type === 'ArrowFunctionExpression' && parent.params?.includes(node) === true)
        if (!declares) return
        for (const { found, use } of homeMadeIn(node.name))
          context.report({ node, messageId: 'term', data: { found, use } })
      },
      Literal(node) {
        if (typeof node.value === 'string') inText(node, node.value)
      },
      TemplateElement(node) {
        inText(node, node.value.cooked ?? node.value.raw)
      },
    }
  },
}

export default { rules: { terms } }
