//! Costs computed anew by another price table. The prices themselves come from the caller.

use rusqlite::params;

use crate::store::Batch;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::rows;
use crate::store::segments;

impl Store {
    /// Copies the store into memory, so that a question can be asked of it under other prices.
    pub fn in_memory_copy(&self) -> Result<Store, StoreError> {
        let mut copy = Store::in_memory()?;
        rusqlite::backup::Backup::new(&self.conn, &mut copy.conn)?.run_to_completion(
            1_024,
            std::time::Duration::ZERO,
            None,
        )?;
        Ok(copy)
    }

    /// Prices every stored call anew, rows and segments in one transaction.
    pub fn reprice(&mut self, mut price: impl FnMut(&mut Batch)) -> Result<(), StoreError> {
        self.dictionary.clear();
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for segment in segments::all(&tx)? {
            let (mut batch, ids) = rows::read_batch(&tx, segment.first_call, segment.last_call, usize::MAX)?;
            price(&mut batch);
            {
                let mut update = tx.prepare_cached("UPDATE calls SET cost = ?2, unpriced = ?3 WHERE id = ?1")?;
                for (row, id) in ids.iter().enumerate() {
                    let reason = batch.unpriced(row);
                    let cost = reason.is_none().then(|| batch.cost(row).call_pico()).flatten();
                    update.execute(params![id, cost, reason.map(|reason| reason.code())])?;
                }
            }
            segments::remove(&tx, segment.id)?;
            segments::write_all(&tx, &mut self.dictionary, &batch, &ids, Some(segment.id))?;
        }
        tx.commit()?;
        Ok(())
    }
}
