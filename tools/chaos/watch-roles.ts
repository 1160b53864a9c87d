import type { Role } from './member.ts';
import type { Members } from './members.ts';
import type { Outages } from './outages.ts';

const pollMs = 20;

/** Tells of every time in which no process of a role is up, until the returned function is called. */
export function watchRoles(members: Members, outages: Outages): () => void {
  const isBack = new Map<Role, () => void>();
  const look = () => {
    for (const role of ['api', 'workers'] as const) {
      const isUp = members.all.some((member) => member.role === role && member.isUp());
      if (!isUp && !isBack.has(role)) isBack.set(role, outages.begin('server'));
      if (!isUp) continue;
      isBack.get(role)?.();
      isBack.delete(role);
    }
  };
  const timer = setInterval(look, pollMs);
  return () => clearInterval(timer);
}
