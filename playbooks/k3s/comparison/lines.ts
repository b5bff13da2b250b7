import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../images/table.ts'
import { appSettings, manifestsOf } from '../settings.ts'
import type { Lines } from './table.ts'

/** What a person writes and reads: neither empty lines nor comments, nor the words of the template alone. */
export const linesIn = (text: string): number =>
  text.split('\n').filter((line) => !/^\s*(#.*|\{%.*%\}|-{3})?\s*$/.test(line)).length

const count = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + linesIn(readFileSync(path.join(ROOT, 'templates', file), 'utf8')), 0)

/**
 * Lines that describe the app to each: the same replicas, the same Redis, the same way in. What k3s has beyond
 * (NetworkPolicy, Ingress) counts as well.
 */
export const countLines = (): Lines => ({
  swarm: count(['stack/counter.yml', 'redis/single.yml']),
  k3s: count(manifestsOf(appSettings({}))),
})
