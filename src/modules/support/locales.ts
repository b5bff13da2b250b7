/** How `locale -a` writes the encodings of /etc/locale.gen. */
const ENCODINGS: Readonly<Record<string, string>> = {
  '.utf8': '.UTF-8',
  '.eucjp': '.EUC-JP',
  '.iso885915': '.ISO-8859-15',
  '.cp1251': '.CP1251',
  '.koi8r': '.KOI8-R',
  '.armscii8': '.ARMSCII-8',
  '.euckr': '.EUC-KR',
  '.gbk': '.GBK',
  '.gb18030': '.GB18030',
  '.euctw': '.EUC-TW',
}

const normalized = (locale: string): string =>
  Object.entries(ENCODINGS).reduce((name, [from, to]) => name.replaceAll(from, to), locale)

/** Whether a locale is among those that `locale -a` prints. */
export const isInstalled = (locale: string, installed: readonly string[]): boolean =>
  installed.some((each) => normalized(each) === normalized(locale))

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * A text of /etc/locale.gen with locales enabled or commented out, as Ansible's locale_gen edits it; and those that it
 * does not list.
 */
export function editLocales(
  text: string,
  names: readonly string[],
  enabled: boolean,
): { readonly after: string; readonly unknown: readonly string[] } {
  const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? []
  const unknown = names.filter(
    (name) => !lines.some((line) => /^\s*#?\s*(\S+[._\S]+) \S+\s*$/.exec(line)?.[1] === name),
  )
  const after = lines.map((line) =>
    names.reduce(
      (edited, name) =>
        edited.replace(new RegExp(`^#?\\s*${escaped(name)} (.+)`), (_, charset: string) =>
          enabled ? `${name} ${charset}` : `# ${name} ${charset}`,
        ),
      line,
    ),
  )
  return { after: after.join(''), unknown }
}
