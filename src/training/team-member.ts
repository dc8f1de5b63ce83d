/** The thread of a team's member: replies to each request, with an error where it fails. */
import { workerData } from 'node:worker_threads';
import { packError } from '../base/index.js';
import { setThreads } from '../torch/index.js';
import type { CreateMember, MemberReply, MemberStart } from './team.js';

const { module, config, port, replies, member } = workerData as MemberStart;
setThreads(1);

// Made at the first request, so that a failure reaches whoever waits for the reply.
let made: Promise<(request: unknown) => unknown> | undefined;

async function replyTo(request: unknown): Promise<MemberReply> {
  try {
    made ??= import(module).then((loaded: { createMember: CreateMember<unknown, unknown, unknown> }) =>
      loaded.createMember(config),
    );
    return { value: (await made)(request) };
  } catch (error) {
    return { error: packError(error) };
  }
}

port.on('message', async (request: unknown) => {
  port.postMessage(await replyTo(request));
  Atomics.add(replies, member, 1);
  Atomics.notify(replies, member);
});
