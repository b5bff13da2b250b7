/** Types for the functions of the package that are used here. */
declare module 'jstat' {
  const jStat: {
    readonly studentt: {
      /** Quantile of Student's t distribution. */
      inv(probability: number, degreesOfFreedom: number): number
    }
  }
  export default jStat
}
