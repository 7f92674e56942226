//! How many of the planted causes the program names, with the right dollars and without others beside them.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::plants;
use super::plants::Plant;
use super::plants::Planted;
use super::run;
use super::run::Answer;
use super::scene::Form;
use super::scene::Scene;

/// Counts of what came out.
#[derive(Clone, Debug, Default)]
pub(super) struct Score {
    pub(super) tried: u32,
    pub(super) named: u32,
    pub(super) valued: u32,
    pub(super) placed: u32,
    /// Runs with no cause beside the planted ones.
    pub(super) alone: u32,
    pub(super) explained: u32,
    /// All of it: named, valued, alone, explained, and the bridge sums.
    pub(super) right: u32,
    /// The first few that are wrong, in words.
    pub(super) wrong: Vec<String>,
}

impl Score {
    /// Runs a scene and counts.
    pub(super) fn take(&mut self, scene: &Scene, planted: &[Planted]) {
        self.tried += 1;
        let answer = match run::reconcile(scene) {
            Ok(answer) => answer,
            Err(reason) => return self.tell(scene, planted, &reason),
        };
        let each = |is: fn(&Answer, &Planted) -> bool| planted.iter().all(|planted| is(&answer, planted));
        let (named, valued, placed) = (each(Answer::names), each(Answer::values), each(Answer::places));
        let (alone, explained) = (answer.beside(planted).is_empty(), answer.is_explained());
        self.named += u32::from(named);
        self.valued += u32::from(valued);
        self.placed += u32::from(placed);
        self.alone += u32::from(alone);
        self.explained += u32::from(explained);
        if valued && alone && explained && answer.sums() {
            self.right += 1;
        } else {
            self.tell(scene, planted, &said(&answer));
        }
    }

    fn tell(&mut self, scene: &Scene, planted: &[Planted], said: &str) {
        if self.wrong.len() < 3 {
            let planted: Vec<String> = planted
                .iter()
                .map(|it| format!("{} {} {} ±{} {:?}", it.cause, it.variant, usd(it.amount), usd(it.slack), it.place))
                .collect();
            let planted = planted.join(" and ");
            self.wrong.push(format!("{:?} seed {}: planted {planted}; said {said}", scene.form, scene.style.seed));
        }
    }

    fn add(&mut self, other: &Score) {
        self.tried += other.tried;
        self.named += other.named;
        self.valued += other.valued;
        self.placed += other.placed;
        self.alone += other.alone;
        self.explained += other.explained;
        self.right += other.right;
        self.wrong.extend(other.wrong.iter().cloned());
    }

    /// The share of runs that are all right, in percent.
    pub(super) fn percent(&self) -> u32 {
        (self.right * 100).checked_div(self.tried).unwrap_or(0)
    }
}

fn usd(pico: i128) -> String {
    attr::domain::Usd::from_pico(pico).to_string()
}

fn said(answer: &Answer) -> String {
    let items: Vec<String> =
        answer.bridge.iter().map(|item| format!("{} {} {}", item.cause, usd(item.amount), item.place)).collect();
    let (left, bound) = (usd(answer.unexplained), usd(answer.bound));
    format!("[{}], unexplained {left} (bound {bound}), {}", items.join("; "), answer.status)
}

/// Which scores to take.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Months a cause and form.
    pub(super) months: u64,
    /// Only these causes; all if empty.
    pub(super) causes: Vec<String>,
    /// Only these forms; all if empty.
    pub(super) forms: Vec<String>,
}

impl Wanted {
    fn has(&self, plant: &Plant, form: Form) -> bool {
        let is = |words: &[String], text: &str| words.is_empty() || words.iter().any(|word| word == text);
        is(&self.causes, plant.cause) && is(&self.forms, &format!("{form:?}"))
    }
}

/// Does jobs on all cores; the results are in the jobs' order.
fn each<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((at, job)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(at).map(|job| (at, job))
                } {
                    let result = work(job);
                    done.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Scores every cause alone, by form.
pub(super) fn singles(wanted: &Wanted, mut told: impl FnMut(&Plant, Form, &Score)) -> Score {
    let forms = |plant: &'static Plant| plant.forms.iter().map(move |form| (plant, *form));
    let jobs: Vec<(&Plant, Form)> =
        plants::all().flat_map(forms).filter(|(plant, form)| wanted.has(plant, *form)).collect();
    let scores = each(&jobs, |(plant, form)| {
        let mut score = Score::default();
        for seed in 1..=wanted.months {
            let (scene, planted) = plants::scene_with(plant, *form, seed);
            score.take(&scene, &[planted]);
        }
        score
    });
    let mut all = Score::default();
    for ((plant, form), score) in jobs.iter().zip(&scores) {
        told(plant, *form, score);
        all.add(score);
    }
    all
}

/// Scores pairs of causes, each with a few others: with all of them it takes an hour.
pub(super) fn pairs(wanted: &Wanted, mut told: impl FnMut([&Plant; 2], Form, &Score)) -> Score {
    let mut jobs = Vec::new();
    for form in Form::ALL {
        let of_form: Vec<&'static Plant> = plants::all().filter(|plant| plant.forms.contains(&form)).collect();
        for (at, first) in of_form.iter().enumerate().filter(|(_, first)| wanted.has(first, form)) {
            for step in 1..=wanted.months {
                let second = of_form[(at + step as usize * 5) % of_form.len()];
                if first.cause != second.cause && (first.stage > 0 || second.stage > 0) {
                    jobs.push(([*first, second], form, step));
                }
            }
        }
    }
    let scores = each(&jobs, |(pair, form, seed)| {
        let mut score = Score::default();
        if let Some((scene, planted)) = plants::scene_with_two(*pair, *form, *seed) {
            score.take(&scene, &planted);
        }
        score
    });
    let mut all = Score::default();
    for ((pair, form, _), score) in jobs.iter().zip(&scores) {
        told(*pair, *form, score);
        all.add(score);
    }
    all
}
