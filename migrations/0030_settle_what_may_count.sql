-- Of the tokens written to a provider's cache, those that it keeps for an hour: they are dearer, and usage
-- tells them apart.
alter table charges add column cache_write_hour_tokens bigint;

-- The tier that the provider says it served a call at; null when it did not say.
alter table attempts add column service_tier text;

alter type job_ending add attribute cache_write_hour_tokens bigint, add attribute attempt_service_tier text;
