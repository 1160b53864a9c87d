-- Serves: erasing the bodies of webhooks about batches that ended long ago.
create index deliveries_of_old_batches on deliveries (finished_at) where batch_id is not null and body <> '';
