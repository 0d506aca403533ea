import { describeAgent } from '../../../support/agent-conformance.ts';
import { FakeAgent } from '../../../support/fake-wire-agent.ts';

describeAgent('the fake agent', () => {
  const agent = new FakeAgent();
  return Promise.resolve({
    connect: () => Promise.resolve(agent.connect()),
    stop: () => Promise.resolve(),
  });
});
