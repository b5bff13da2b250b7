// placeholder by the lead so that src/run compiles: OVERWRITE with the real module
import { z } from 'zod'
import { defineModule } from './task.ts'
export const setup = defineModule({ name: 'setup', schema: z.strictObject({}), title: () => '', probe: () => ':', plan: () => ({ changes: [], values: {} as Readonly<Record<string, unknown>> }) })
