export { chooseScreen } from './choose-screen.ts'
export { promptHosts, promptPassword, promptText, promptStep, isInteractive, Cancelled, confirm } from './prompts.ts'
export type { Closing, ClosingLine, RunFooter, Screen } from './screen.ts'
