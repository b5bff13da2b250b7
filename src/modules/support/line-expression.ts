import * as z from 'zod'
import { linePattern, PatternError } from './line-pattern.ts'

/** A parameter: Python's regular expression. What it cannot be translated from is an error. */
export const expression = z.string().superRefine((text, context) => {
  try {
    linePattern(text)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
  }
})
