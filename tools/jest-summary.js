// Jest reporter whose one line `.ci/run` adds up: "N passed, N failed, N skipped".
export default class Summary {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests }) {
    // A suite that did not load runs no test and so would count nothing: it counts as one failure.
    const failed = numFailedTests > 0 ? numFailedTests : numFailedTestSuites;
    console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
  }
}
