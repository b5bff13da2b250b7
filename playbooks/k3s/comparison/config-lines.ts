import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../app/images/table.ts'
import { appSettings, manifestsOf } from '../settings.ts'
import type { LineCounts } from './table.ts'

/** Lines of configuration, without empty lines, comments and lines with only template tags. */
export const countConfigLines = (text: string): number =>
  text.split('\n').filter((line) => !/^\s*(#.*|\{%.*%\}|-{3})?\s*$/.test(line)).length

const count = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + countConfigLines(readFileSync(path.join(ROOT, 'templates', file), 'utf8')), 0)

/**
 * Lines of the app's configuration: same replicas, Redis and published port. For k3s, NetworkPolicy and Ingress count
 * too.
 */
export const countLines = (): LineCounts => ({
  swarm: count(['stack/counter.yml', 'redis/single.yml']),
  k3s: count(manifestsOf(appSettings({}))),
})
