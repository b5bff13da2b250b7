import type { ExhibitData } from '../events/events.ts'
import { fileName, uniqueNames } from '../text/slug.ts'

/** A data file beside the report. `text` is undefined where the limit left no room for it. */
export interface DataFile {
  /** As named by the exhibit. */
  readonly name: string
  /** Below the run directory: `data/capacity-1-requests.csv`. */
  readonly file: string
  readonly bytes: number
  readonly text: string | undefined
}

/** The data files of an exhibit, under unique names that are valid on any file system. */
export function dataFiles({ data = [], omitted: left = [] }: RetainedData, slug: string): DataFile[] {
  const unique = uniqueNames((name, n) => `${n}-${name}`)
  // The end, which has the extension.
  const fileOf = (name: string): string => `data/${slug}-${unique(fileName(name, Infinity).slice(-80) || 'data.txt')}`
  return [
    ...data.map(({ name, text }) => ({ name, file: fileOf(name), bytes: Buffer.byteLength(text), text })),
    ...left.map((name) => ({ name, file: fileOf(name), bytes: 0, text: undefined })),
  ]
}

/** Data of an exhibit: the texts retained, and the names of those omitted. */
export interface RetainedData {
  readonly data?: readonly ExhibitData[]
  readonly omitted?: readonly string[]
}

/** Retains data of exhibits up to a limit. */
export class DataLimit {
  #remaining: number

  /** @param limit - in characters, all texts together. */
  constructor(limit: number) {
    this.#remaining = limit
  }

  retain(data: readonly ExhibitData[] | undefined): RetainedData {
    if (data === undefined) return {}
    const retained: ExhibitData[] = []
    const omitted: string[] = []
    for (const file of data) {
      if (file.text.length > this.#remaining) omitted.push(file.name)
      else {
        retained.push(file)
        this.#remaining -= file.text.length
      }
    }
    return { data: retained, omitted: omitted }
  }
}
