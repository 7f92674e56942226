//! How many of the planted causes the program names, with the right dollars and without others beside them.

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
        if self.tried == 0 { 100 } else { self.right * 100 / self.tried }
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

/// Scores every cause alone, by form.
pub(super) fn singles(wanted: &Wanted, mut told: impl FnMut(&Plant, Form, &Score)) -> Score {
    let mut all = Score::default();
    for plant in plants::all() {
        for form in plant.forms.iter().copied().filter(|form| wanted.has(plant, *form)) {
            let mut score = Score::default();
            for seed in 0..wanted.months {
                let (scene, planted) = plants::scene_with(plant, form, seed + 1);
                score.take(&scene, &[planted]);
            }
            told(plant, form, &score);
            all.add(&score);
        }
    }
    all
}

/// Scores pairs of causes that do not touch what the other is told by: so many, spread over all.
pub(super) fn pairs(wanted: &Wanted, mut told: impl FnMut([&Plant; 2], Form, &Score)) -> Score {
    let mut all = Score::default();
    let plants: Vec<&Plant> = plants::all().collect();
    for form in Form::ALL {
        let of_form: Vec<&&Plant> =
            plants.iter().filter(|plant| plant.forms.contains(&form) && wanted.has(plant, form)).collect();
        for (at, first) in of_form.iter().enumerate() {
            // Each with a few others; with all of them it takes an hour.
            for step in 1..=wanted.months as usize {
                let second = of_form[(at + step * 5) % of_form.len()];
                if first.cause == second.cause || first.stage == 0 && second.stage == 0 {
                    continue;
                }
                let Some((scene, planted)) = plants::scene_with_two([first, second], form, step as u64) else {
                    continue;
                };
                let mut score = Score::default();
                score.take(&scene, &planted);
                told([first, second], form, &score);
                all.add(&score);
            }
        }
    }
    all
}
