//! Several threads that read, for one that writes: files are dealt out in chunks, and come back in their order.
//!
//! A chunk is what one transaction takes: some small files, or one large one. A reader takes the next chunk only when
//! the writer is near it, so that no more than a few batches are in memory however far reading could be ahead.

use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread::Scope;

use crate::ops::dimensions::Ruler;
use crate::ops::import::ImportPlan;
use crate::ops::import::reading::SMALL;
use crate::ops::import::reading::Step;
use crate::ops::import::reading::read_inputs;
use crate::ops::paths::Input;
use crate::store::Batch;

/// Small files of a chunk: bytes, and how many.
const CHUNK_BYTES: u64 = 96 << 20;
const CHUNK_FILES: usize = 2_000;
/// More readers than this wait for the writer.
const MOST_READERS: usize = 4;
/// Batches kept for reuse.
const MOST_SPARE: usize = 4;

/// Written batches, to be filled again: their memory is the import's only large memory.
#[derive(Clone, Default)]
pub(super) struct Spare(Arc<Mutex<Vec<Batch>>>);

impl Spare {
    /// Returns an empty batch.
    pub(super) fn take(&self) -> Batch {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(Batch::empty)
    }

    /// Takes a written batch back.
    pub(super) fn give(&self, mut batch: Batch) {
        batch.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < MOST_SPARE {
            spare.push(batch);
        }
    }
}

/// The readers at work, as the writer sees them.
pub(super) struct Readers {
    /// The steps of each chunk, in order.
    chunks: std::vec::IntoIter<Receiver<Step>>,
    current: Option<Receiver<Step>>,
    /// Lets one reader take one more chunk.
    permits: SyncSender<()>,
}

/// What the readers share.
struct Deal {
    chunks: Vec<Range<usize>>,
    senders: Vec<Mutex<Option<SyncSender<Step>>>>,
    next: AtomicUsize,
    permits: Mutex<Receiver<()>>,
}

impl Readers {
    /// Sets readers to work on the inputs of a plan.
    pub(super) fn start<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        inputs: &'env [Input],
        plan: &'env ImportPlan,
        ruler: Option<Ruler>,
        spare: &Spare,
    ) -> std::io::Result<Readers> {
        let chunks = chunks(inputs);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // A limit counts the values of all files before: those files must have been read.
        let in_turn = plan.dimensions.has_limits();
        let count = if in_turn { 1 } else { cores.min(MOST_READERS).min(chunks.len()) };
        let (senders, receivers): (Vec<_>, Vec<_>) = chunks.iter().map(|_| sync_channel(1)).unzip();
        let (permits, permitted) = sync_channel(chunks.len() + 1);
        for _ in 0..=count {
            // There is room for a permit a chunk, so none is lost.
            let _ = permits.try_send(());
        }
        let senders = senders.into_iter().map(|sender| Mutex::new(Some(sender))).collect();
        let deal = Arc::new(Deal { chunks, senders, next: AtomicUsize::new(0), permits: Mutex::new(permitted) });
        for _ in 0..count {
            let (deal, ruler, spare) = (Arc::clone(&deal), ruler.clone(), spare.clone());
            std::thread::Builder::new()
                .name("reader".into())
                .spawn_scoped(scope, move || read_chunks(&deal, inputs, plan, ruler, &spare))?;
        }
        Ok(Readers { chunks: receivers.into_iter(), current: None, permits })
    }
}

impl Iterator for Readers {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.current.as_ref().and_then(|chunk| chunk.recv().ok()) {
                return Some(step);
            }
            if self.current.take().is_some() {
                let _ = self.permits.try_send(());
            }
            self.current = Some(self.chunks.next()?);
        }
    }
}

/// Reads chunk after chunk until there is none, or the writer has gone.
fn read_chunks(deal: &Deal, inputs: &[Input], plan: &ImportPlan, mut ruler: Option<Ruler>, spare: &Spare) {
    loop {
        let permitted = deal.permits.lock().unwrap_or_else(PoisonError::into_inner).recv();
        if permitted.is_err() {
            return;
        }
        let at = deal.next.fetch_add(1, Ordering::Relaxed);
        let Some(chunk) = deal.chunks.get(at) else { return };
        let sender = deal.senders[at].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(steps) = sender else { return };
        let files = chunk.clone().zip(&inputs[chunk.clone()]).map(|(number, input)| (number as i64, input));
        if !read_inputs(files, plan, &mut ruler, &steps, spare) {
            return;
        }
    }
}

/// Cuts the inputs into what a transaction takes.
fn chunks(inputs: &[Input]) -> Vec<Range<usize>> {
    let size = |input: &Input| match input {
        Input::Stdin => None,
        Input::Named(path) | Input::Found(path) => {
            fs_err::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len())
        }
    };
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, input) in inputs.iter().enumerate() {
        let small = size(input).filter(|size| *size <= SMALL);
        let is_full = bytes + small.unwrap_or(0) > CHUNK_BYTES || at - start >= CHUNK_FILES;
        if at > start && (small.is_none() || is_full) {
            chunks.push(start..at);
            (start, bytes) = (at, 0);
        }
        match small {
            Some(size) => bytes += size,
            None => {
                chunks.push(at..at + 1);
                (start, bytes) = (at + 1, 0);
            }
        }
    }
    if start < inputs.len() {
        chunks.push(start..inputs.len());
    }
    chunks
}
