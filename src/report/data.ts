import type { ExhibitData } from '../run/events.ts'

/** A file of numbers beside the report. `text` is undefined where there was no room to keep it. */
export interface DataFile {
  /** As the exhibit names it. */
  readonly name: string
  /** Below the run's folder: `data/capacity-1-requests.csv`. */
  readonly file: string
  readonly bytes: number
  readonly text: string | undefined
}

/** The data files of an exhibit, under names fit for any file system; two of one name do not meet. */
export function dataFiles({ data = [], left = [] }: KeptData, slug: string): DataFile[] {
  const used = new Set<string>()
  const unique = (name: string): string => {
    const safe =
      name
        .replace(/[^A-Za-z0-9._-]+/g, '-')
        .replace(/^[.-]+/, '')
        .slice(-80) || 'data.txt'
    let file = `data/${slug}-${safe}`
    for (let n = 2; used.has(file.toLowerCase()); n++) file = `data/${slug}-${n}-${safe}`
    used.add(file.toLowerCase())
    return file
  }
  return [
    ...data.map(({ name, text }) => ({ name, file: unique(name), bytes: Buffer.byteLength(text), text })),
    ...left.map((name) => ({ name, file: unique(name), bytes: 0, text: undefined })),
  ]
}

/** What is kept of an exhibit's data: texts, and the names of those for which there was no room. */
export interface KeptData {
  readonly data?: readonly ExhibitData[]
  readonly left?: readonly string[]
}

/** Keeps data of exhibits as long as there is room. */
export class DataRoom {
  #room: number

  /** @param room - characters of all texts together. */
  constructor(room: number) {
    this.#room = room
  }

  keep(data: readonly ExhibitData[] | undefined): KeptData {
    if (data === undefined) return {}
    const kept: ExhibitData[] = []
    const left: string[] = []
    for (const file of data) {
      if (file.text.length > this.#room) left.push(file.name)
      else {
        kept.push(file)
        this.#room -= file.text.length
      }
    }
    return { data: kept, left }
  }
}
