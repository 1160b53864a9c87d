import { type Member, type MemberOptions, type Role, startMember } from './member.ts';

/** The processes of a gateway, kept running. */
export type Members = {
  all: Member[];
  /** The addresses of the APIs that are up. */
  urls(): string[];
  /** Resolves when every process is up. */
  allUp(): Promise<void>;
  /** While calm, processes are started without failpoints. */
  setCalm(isCalm: boolean): void;
  /** Kills every process that carries a failpoint; how many. */
  disarm(): number;
  /** Sentences about processes that ended though nobody ended them. */
  surprises: string[];
  close(): Promise<void>;
};

export type MembersOptions = Pick<MemberOptions, 'logDir' | 'onFailpoint' | 'pauseMs'> & {
  counts: Record<Role, number>;
  envOf(role: Role): Record<string, string>;
  nextFailpoint(role: Role): string;
};

/** Starts so many processes of each role. */
export function startMembers({ counts, envOf, nextFailpoint, ...rest }: MembersOptions): Members {
  const surprises: string[] = [];
  let isCalm = true;
  const start = (role: Role) =>
    Array.from({ length: counts[role] }, (_, index) =>
      startMember({
        ...rest,
        name: `${role}-${index + 1}`,
        role,
        env: () => envOf(role),
        nextFailpoint: () => (isCalm ? null : nextFailpoint(role)),
        onSurprise: (sentence) => surprises.push(sentence),
      }),
    );
  const all = [...start('api'), ...start('workers')];
  return {
    all,
    urls: () => all.flatMap((member) => (member.role === 'api' ? (member.url() ?? []) : [])),
    allUp: async () => {
      while (!all.every((member) => member.isUp())) await new Promise((resolve) => setTimeout(resolve, 25));
    },
    setCalm: (calm) => {
      isCalm = calm;
    },
    disarm: () => all.filter((member) => member.isArmed() && member.kill('SIGKILL')).length,
    surprises,
    close: async () => {
      await Promise.all(all.map((member) => member.close()));
    },
  };
}
