import type { Exhibit } from '../../../../src/labbook.ts'
import { TOPOLOGIES, type Topology } from '../variables.ts'

/** What is compared of the topologies, in this order. */
export const COLUMNS = ['Redis killed', 'node lost', 'node cut off', 'failover', 'writes/s', 'memory'] as const
export type Column = (typeof COLUMNS)[number]

export const NOT_MEASURED = 'not measured'

/** What the experiments of a run measured, for the comparison at its end. Measured again, the last word counts. */
export class Notebook {
  readonly #cells = new Map<string, string>()
  readonly #evidence = new Map<string, Exhibit>()

  note(topology: Topology, column: Column, says: string, evidence: Exhibit): void {
    this.#cells.set(`${topology} ${column}`, says)
    this.#evidence.set(`${topology} ${column}`, evidence)
  }

  cell(topology: Topology, column: Column): string {
    return this.#cells.get(`${topology} ${column}`) ?? NOT_MEASURED
  }

  get evidence(): Exhibit[] {
    return [...new Set(this.#evidence.values())]
  }

  /** `sentinel: node cut off` of what was not measured. */
  get missing(): string[] {
    return TOPOLOGIES.flatMap((topology) =>
      COLUMNS.filter((column) => this.cell(topology, column) === NOT_MEASURED).map(
        (column) => `${topology}: ${column}`,
      ),
    )
  }
}
