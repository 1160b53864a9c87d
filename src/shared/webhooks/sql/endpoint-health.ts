import type { Database } from '../../platform/postgres/database.ts';
import type { EndpointThresholds } from '../rules/delivery.ts';

/**
 * Parts of the statement that records tries (`moved`): what they say of their endpoints (`noticed`; one that
 * was disabled just now has a reason). A success forgets every failure; a 410 disables at once. The rows of
 * healthy endpoints are not written; the others are locked in the order of their ids, so that two statements
 * never wait for each other in a circle.
 */
export const endpointChanges = (sql: Database, patience: EndpointThresholds) => sql`
  heard as (
    select m.endpoint_id as id, bool_or(m.outcome = 'delivered') as delivered,
      bool_or(m.status_code = 410) as gone,
      count(*) filter (where m.outcome <> 'delivered')::integer as failed, bool_or(m.is_probe) as probed
    from moved m where m.endpoint_id is not null
    group by m.endpoint_id
  ),
  shaken as (
    select e.id, e.failures, e.failing_since, e.probe_seconds
    from webhook_endpoints e join heard h on h.id = e.id
    where e.state = 'enabled' and (not h.delivered or h.gone or e.failures > 0)
    order by e.id
    for no key update of e
  ),
  judged as (
    select s.id, h.gone, h.probed,
      case when h.delivered then 0 else s.failures + h.failed end as failures,
      case when not h.delivered then coalesce(s.failing_since, now()) end as failing_since,
      case
        when h.delivered or s.failures + h.failed < ${patience.failuresMax}::integer then null
        when s.probe_seconds is null then ${patience.probeSeconds}::integer
        when h.probed then least(s.probe_seconds * 2, ${patience.probeSecondsMax}::integer)
        else s.probe_seconds
      end as probe_seconds
    from shaken s join heard h on h.id = s.id
  ),
  noticed as (
    update webhook_endpoints e
    set failures = j.failures, failing_since = j.failing_since, probe_seconds = j.probe_seconds,
      probe_at = case
        when j.probe_seconds is null then null
        when e.probe_at is null or j.probed then now() + make_interval(secs => j.probe_seconds)
        else e.probe_at
      end,
      state = case when r.reason is null then e.state else 'disabled' end,
      disabled_reason = r.reason, disabled_at = case when r.reason is not null then now() end
    from judged j
    cross join lateral (
      select case
        when j.gone then 'gone'
        when j.failing_since < now() - make_interval(secs => ${patience.disableSeconds}::double precision)
          and j.failures >= ${patience.disableFailures}::integer then 'failing'
      end as reason
    ) r
    where e.id = j.id
    returning e.id, r.reason
  )`;
