import { readFileSync } from 'node:fs'
import { decodeUtf8, InventoryError, type Vault } from '../inventory/index.ts'
import { mergeExtraVars, type ExtraVarsArgument } from './extra-vars.ts'
import { UsageError } from './usage-error.ts'

/** Merges the variables of `--extra-vars`, with those of its files. @throws {UsageError} a file cannot be read. */
export function readExtraVars(sources: readonly ExtraVarsArgument[], vault?: Vault): Record<string, unknown> {
  const files = sources.flatMap((source) => (source.kind === 'file' ? [[source.path, readVarsFile(source.path)]] : []))
  return mergeExtraVars(sources, Object.fromEntries(files) as Record<string, string>, vault)
}

function readVarsFile(file: string): string {
  try {
    return decodeUtf8(file, readFileSync(file))
  } catch (error) {
    if (error instanceof InventoryError) throw error
    throw new UsageError(`--extra-vars @${file}: cannot read the file: ${(error as NodeJS.ErrnoException).code}`)
  }
}
