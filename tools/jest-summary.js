// Jest reporter: which tests passed only when they were tried again, and the one line that `.ci/run` adds up: "N passed, N failed, N skipped".
export default class Summary {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, testResults } = results;
    for (const { fullName, status, invocations } of testResults.flatMap((suite) => suite.testResults))
      if (status === 'passed' && invocations > 1) console.log(`passed at try ${invocations}: ${fullName}`);
    // A suite that did not load runs no test and so would count nothing: it counts as one failure.
    const failed = numFailedTests > 0 ? numFailedTests : numFailedTestSuites;
    console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
  }
}
