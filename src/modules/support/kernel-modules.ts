/** A file that loads modules at boot, or has their parameters. */
interface ModuleFile {
  readonly path: string
  readonly text: string
}

/** Output of the probe of `modprobe`. */
export interface ModuleFacts {
  readonly isLoaded: boolean
  readonly isBuiltIn: boolean
  readonly hasNoModprobe: boolean
  readonly files: readonly ModuleFile[]
}

export function moduleFacts(stdout: string): ModuleFacts {
  const files: { path: string; text: string }[] = []
  const words = new Set<string>()
  for (const line of stdout.split('\n')) {
    const file = files.at(-1)
    if (line.startsWith('file ')) files.push({ path: line.slice('file '.length), text: '' })
    else if (line.startsWith('|') && file !== undefined) file.text += `${line.slice(1)}\n`
    else words.add(line)
  }
  return {
    isLoaded: words.has('loaded'),
    isBuiltIn: words.has('builtin'),
    hasNoModprobe: words.has('no-modprobe'),
    files,
  }
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? []

/** A text of /etc/modules-load.d with the lines of a module commented out. */
export const disabledModule = (text: string, name: string): string =>
  linesOf(text)
    .map((line) => (new RegExp(`^ *${name} *(?:[#;].*)?\\n?$`).test(line) ? `#${line}` : line))
    .join('')

/** A text of /etc/modprobe.d with the options of a module commented out, and these options: `NAME=VALUE`. */
export function disabledOptions(text: string, name: string): { readonly text: string; readonly options: string[] } {
  const options: string[] = []
  const lines = linesOf(text).map((line) => {
    const option = new RegExp(`^options ${name} (\\w+=\\S+) *(?:[#;].*)?\\n?$`).exec(line)?.[1]
    if (option === undefined) return line
    options.push(option)
    return `#${line}`
  })
  return { text: lines.join(''), options }
}
