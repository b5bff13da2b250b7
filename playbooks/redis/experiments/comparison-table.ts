import { type Exhibit, type MessageValue } from 'labbook'
import { say } from '../../messages/say.ts'
import { TOPOLOGIES, type Topology } from '../vars.ts'

/** The columns of the comparison, in order. */
export const COLUMNS = ['Redis killed', 'node lost', 'node cut off', 'failover', 'writes/s', 'memory'] as const
export type Column = (typeof COLUMNS)[number]

export const NOT_MEASURED = say('not measured')

/** Measurements of a run for the comparison at its end. A later measurement replaces an earlier one. */
export class ComparisonTable {
  readonly #cells = new Map<string, MessageValue>()
  readonly #evidence = new Map<string, Exhibit>()

  set(topology: Topology, column: Column, text: MessageValue, evidence: Exhibit): void {
    this.#cells.set(`${topology} ${column}`, text)
    this.#evidence.set(`${topology} ${column}`, evidence)
  }

  cell(topology: Topology, column: Column): MessageValue {
    return this.#cells.get(`${topology} ${column}`) ?? NOT_MEASURED
  }

  get evidence(): Exhibit[] {
    return [...new Set(this.#evidence.values())]
  }

  /** Cells without a measurement: `sentinel: node cut off`. */
  get missing(): string[] {
    return TOPOLOGIES.flatMap((topology) =>
      COLUMNS.filter((column) => this.cell(topology, column) === NOT_MEASURED).map(
        (column) => `${topology}: ${column}`,
      ),
    )
  }
}
