import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { compiledUrl, type PackedError, unpackError } from '../base/index.js';

/** What a module exports whose work a team does: made once in each thread, then called for each request. */
export type CreateMember<Config, Request, Reply> = (config: Config) => (request: Request) => Reply;

/** What a member's thread begins with. */
export interface MemberStart {
  module: string;
  config: unknown;
  port: MessagePort;
  /** Replies so far, of all members. */
  replies: Int32Array;
  member: number;
}

export type MemberReply = { value: unknown } | { error: PackedError };

/**
 * Threads that do parts of a step beside the thread that trains, which waits for them without giving way to its events.
 * Each has one thread of libtorch: on small networks several such threads do more than one operator on several threads.
 */
export class Team<Request, Reply> {
  private readonly members: { worker: Worker; port: MessagePort; asked: number }[];
  private readonly replies: Int32Array;

  /** `module`: URL of a compiled module that exports `createMember` (see `compiledUrl`); `config`: given to it, cloned. */
  constructor(module: string, config: (member: number) => unknown, members: number) {
    this.replies = new Int32Array(new SharedArrayBuffer(4 * Math.max(1, members)));
    this.members = Array.from({ length: members }, (_, member) => {
      const { port1, port2 } = new MessageChannel();
      const workerData: MemberStart = { module, config: config(member), port: port2, replies: this.replies, member };
      const program = compiledUrl('./team-member.js', import.meta.url);
      const worker = new Worker(program, { workerData, transferList: [port2] });
      worker.unref();
      port1.unref();
      return { worker, port: port1, asked: 0 };
    });
  }

  get size(): number {
    return this.members.length;
  }

  /**
   * Sends a request to each of the first members, does `own` meanwhile, and waits for the replies. Throws the first error of
   * them all, once none is at work any more.
   */
  together<T>(requests: readonly Request[], own: () => T): { own: T; replies: Reply[] } {
    const asked = requests.map((request, i) => {
      const member = this.members[i]!;
      member.port.postMessage(request);
      member.asked++;
      return member;
    });
    let replies: MemberReply[] = [];
    let mine: T;
    try {
      mine = own();
    } finally {
      replies = asked.map((member, i) => this.reply(member, i));
    }
    const values = replies.map((reply) => {
      if ('error' in reply) throw unpackError(reply.error);
      return reply.value as Reply;
    });
    return { own: mine, replies: values };
  }

  private reply({ port, asked }: { port: MessagePort; asked: number }, member: number): MemberReply {
    for (;;) {
      const replied = Atomics.load(this.replies, member);
      if (replied === asked) return receiveMessageOnPort(port)!.message as MemberReply;
      Atomics.wait(this.replies, member, replied);
    }
  }

  /** Ends the threads. */
  close(): void {
    for (const { worker } of this.members) worker.terminate();
    this.members.length = 0;
  }
}
