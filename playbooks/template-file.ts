import path from 'node:path'
import { ROOT } from './app/images/table.ts'

/** A template of these playbooks: not one of the project that imports them, whose names are relative to it. */
export const templateFile = (name: string): string => path.join(ROOT, 'templates', name)
