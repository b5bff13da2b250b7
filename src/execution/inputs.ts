import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { InputFiles, Inputs, InputTree, ModuleDefinition } from '../modules/module.ts'
import { contentOf, treeAt } from '../modules/support/effects.ts'
import { CONTENT_LIMIT, tooBig } from '../modules/support/file-content.ts'
import { readTreeEntries } from './input-tree.ts'

/** A file that a task needs does not exist on the controller. */
export class MissingInput extends Error {
  override readonly name = 'MissingInput'
  /** The absolute paths that were searched. */
  readonly places: readonly string[]

  constructor(message: string, places: readonly string[]) {
    super(message)
    this.places = places
  }
}

type Entry = readonly [key: string, content: Buffer]

const VAULT = Buffer.from('$ANSIBLE_VAULT;')
const ENCRYPTED = 'is encrypted with Ansible Vault, which is supported for variables only: put the text into one'

/**
 * Reads files and directories on the controller for tasks, each once, until a task of the controller or an experiment
 * may have changed them. Missing files are not cached: a later task may create them.
 */
export class InputReader {
  readonly #root: string
  readonly #cache = new Map<string, Promise<Buffer>>()
  readonly #trees = new Map<string, Promise<Entry[]>>()
  #version = 0

  /** @param root - the project directory, which contains `templates/` and `files/`. */
  constructor(root: string) {
    this.#root = root
  }

  /** Increases when a task has changed a file on the controller: what was read before may be outdated. */
  get version(): number {
    return this.#version
  }

  /** Forgets all files, since a task has changed one. */
  forgetFiles(): void {
    this.#cache.clear()
    this.#trees.clear()
    this.#version++
  }

  /**
   * @param directory - of the task's role: searched before the project.
   * @throws {MissingInput} with all searched paths.
   */
  async read(files: InputFiles, directory?: string): Promise<Inputs> {
    const read = await Promise.all(
      Object.entries(files).map(async ([key, file]) =>
        typeof file === 'string'
          ? [[key, await this.#readOne(file, directory)] as const]
          : await this.#readTree(key, file, directory),
      ),
    )
    return Object.fromEntries(read.flat())
  }

  /** The files of a task, and those that their contents name. @throws {MissingInput} one of the former is missing. */
  async readAll(module: ModuleDefinition, params: unknown, directory?: string): Promise<Inputs> {
    let read = await this.read(module.inputs?.(params) ?? {}, directory)
    for (const asked = new Set<string>(); ; ) {
      const further = Object.entries(module.furtherInputs?.(params, read) ?? {}).filter(([key]) => !asked.has(key))
      if (further.length === 0) return read
      const contents = await Promise.all(further.map(([, file]) => this.#readIfPresent(file, directory)))
      const found = further.flatMap(([key], i) => (contents[i] === undefined ? [] : [[key, contents[i]] as const]))
      for (const [key] of further) asked.add(key)
      read = { ...read, ...Object.fromEntries(found) }
    }
  }

  /**
   * Resource keys of the controller that the files of a task depend on: a file that an earlier task creates in another
   * of the places that are searched may take precedence.
   */
  keysOf(module: ModuleDefinition, params: unknown, read: Inputs, directory?: string): string[] {
    const files = { ...module.inputs?.(params), ...module.furtherInputs?.(params, read) }
    return Object.values(files).flatMap((file) =>
      typeof file === 'string'
        ? this.#places(file, directory).flatMap(contentOf)
        : this.#places(file.tree, directory).flatMap(treeAt),
    )
  }

  /** The inputs of {@link ModuleDefinition.controllerFile}, read now. @throws {MissingInput} it cannot be read. */
  async controllerFile(file: string): Promise<Inputs> {
    const at = path.resolve(this.#root, file)
    try {
      return { path: Buffer.from(at), current: await readFile(at) }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EISDIR') return { path: Buffer.from(at), directory: Buffer.alloc(0) }
      if (code === 'ENOENT' || code === 'ENOTDIR') return { path: Buffer.from(at) }
      throw new MissingInput(`cannot read "${at}": ${code}`, [at])
    }
  }

  async #readIfPresent(file: string, directory: string | undefined): Promise<Buffer | undefined> {
    try {
      return await this.#readOne(file, directory)
    } catch (error) {
      if (error instanceof MissingInput) return undefined
      throw error
    }
  }

  #readTree(key: string, from: InputTree, directory: string | undefined): Promise<Entry[]> {
    const asked = JSON.stringify([key, from.tree, from.followLinks, directory])
    return getOrRead(this.#trees, asked, () => this.#searchTree(key, from, directory))
  }

  async #searchTree(key: string, { tree, followLinks }: InputTree, directory: string | undefined): Promise<Entry[]> {
    const root = await this.#locate(tree, directory)
    try {
      const entries = await readTreeEntries(root, followLinks)
      const files = await Promise.all(
        entries
          .filter(({ kind }) => kind === 'file')
          .map(async ({ path: name }) =>
            name === ''
              ? ([key, await this.#readOne(root, undefined)] as const)
              : ([`${key}/${name}`, await this.#readOne(path.join(root, name), undefined)] as const),
          ),
      )
      return [[`${key}:entries`, Buffer.from(JSON.stringify(entries))], ...files]
    } catch (error) {
      if (error instanceof MissingInput) throw error
      const { code, message } = error as NodeJS.ErrnoException
      throw new MissingInput(`cannot read "${root}": ${code ?? message}`, [root])
    }
  }

  #readOne(file: string, directory: string | undefined): Promise<Buffer> {
    return getOrRead(this.#cache, `${directory ?? ''}\0${file}`, () => this.#search(file, directory))
  }

  #search(file: string, directory: string | undefined): Promise<Buffer> {
    return this.#first(file, directory, async (place) => {
      const { size } = await stat(place)
      if (size > CONTENT_LIMIT) throw new MissingInput(`"${place}" has ${tooBig(size)}`, [place])
      const bytes = await readFile(place)
      // Ansible would decrypt it.
      if (bytes.subarray(0, VAULT.length).equals(VAULT)) throw new MissingInput(`"${place}" ${ENCRYPTED}`, [place])
      return bytes
    })
  }

  /** The absolute path of a file or directory. */
  #locate(file: string, directory: string | undefined): Promise<string> {
    return this.#first(file, directory, async (place) => {
      await stat(place)
      return place
    })
  }

  /** Where a file is searched, in order. */
  #places(file: string, directory: string | undefined): string[] {
    const roots = directory === undefined ? [this.#root] : [directory, this.#root]
    return path.isAbsolute(file)
      ? [path.normalize(file)]
      : roots.flatMap((root) => ['templates', 'files', '.'].map((name) => path.join(root, name, file)))
  }

  /** The result for the first place of a file that exists. @throws {MissingInput} */
  async #first<T>(file: string, directory: string | undefined, use: (place: string) => Promise<T>): Promise<T> {
    const places = this.#places(file, directory)
    for (const place of places) {
      try {
        return await use(place)
      } catch (error) {
        if (error instanceof MissingInput) throw error
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new MissingInput(`cannot read "${place}": ${code}`, [place])
      }
    }
    throw new MissingInput(`no file "${file}" on the controller; searched ${places.join(', ')}`, places)
  }
}

/** What was read before; failures are not kept. */
function getOrRead<T>(cache: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const value = read()
  cache.set(key, value)
  value.catch(() => {
    if (cache.get(key) === value) cache.delete(key)
  })
  return value
}
