//! The judge of scenes: one network that answers seven questions about what a picture shows.

use super::{
    Architecture, Classes, Classifier, Judge, JudgeError, Network, batches,
    train::{Recipe, fit, to_bytes, with_unit_features},
};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use genlab_classifier::{ClassifierNet, FrozenClassifier};
use genlab_core::{
    Batch, CheckpointError, EmaConfig, Generative, LearningRateSchedule, Method, MuonConfig,
    Optimized, OptimizerConfig, Progress, Scalars, StateReader, StateWriter, Train,
    loss::cross_entropy, nn::init_module,
};
use genlab_data::{Values, scenes::QUESTIONS};
use std::borrow::Cow;

/// Numbers that the network gives: one for each answer to each question.
const ANSWERS: usize = {
    let (mut sum, mut question) = (0, 0);
    while question < QUESTIONS.len() {
        sum += QUESTIONS[question];
        question += 1;
    }
    sum
};

/// Its network for pictures of this size: the questions ask for more than a class does.
pub(super) const fn architecture(shape: genlab_core::ImageShape) -> Architecture {
    const LAYERS: &[(usize, usize)] = &[(24, 1), (32, 2), (48, 1), (64, 2), (64, 1), (96, 2)];
    Architecture {
        shape,
        classes: ANSWERS,
        convolutions: Cow::Borrowed(LAYERS),
        layers: Vec::new(),
        transformer: None,
        features: 64,
    }
}

/// Trains the judge on scenes and returns its weights as a safetensors file. `progress` is told the mean loss of each
/// epoch.
///
/// # Panics
/// When the pictures are no scenes of one or two objects.
pub fn train(
    architecture: &Architecture,
    pictures: &Values,
    recipe: &Recipe,
    device: &Device,
    progress: &dyn Fn(&str),
) -> Vec<u8> {
    let net = init_module(recipe.seed, "judge/scenes", device, |device| {
        ClassifierNet::init(architecture, device)
    });
    let optimizer = OptimizerConfig {
        learning_rate: recipe.learning_rate,
        schedule: LearningRateSchedule::Cosine,
        warmup: 0.1,
        // With as many pictures Adam leaves three times as many scenes misread.
        method: Method::Muon(MuonConfig::default()),
        ..OptimizerConfig::default()
    };
    let mut student = Student {
        net: Optimized::new(net, optimizer, EmaConfig::of(recipe.ema)),
        architecture: architecture.clone(),
        answers: answers(pictures, device),
        smoothing: recipe.smoothing,
    };
    // A step looks up what its pictures show by their rows.
    let rows = (0..pictures.len() as u32).collect();
    let numbered = pictures.clone().with_labels(Some(rows));
    fit(&mut student, &numbered, recipe, device, progress);
    to_bytes(with_unit_features(student.net.frozen(), pictures, device))
}

/// The answers to all questions of each picture, `[n, 7]`; −1 where a scene of one object has none.
fn answers(pictures: &Values, device: &Device) -> Tensor<2, Int> {
    let scenes = pictures.scenes.as_ref().expect("pictures of scenes");
    let of = |caption: &genlab_data::scenes::Caption| {
        let mut answers: Vec<i32> = caption
            .answers()
            .expect("scenes of one or two objects")
            .into_iter()
            .map(|answer| answer as i32)
            .collect();
        answers.resize(QUESTIONS.len(), -1);
        answers
    };
    let all: Vec<i32> = scenes.rows().iter().flat_map(|scene| of(&scene.caption)).collect();
    let data = TensorData::new(all, [pictures.len(), QUESTIONS.len()]);
    Tensor::from_data(data, (device, DType::I32))
}

/// The judge in training.
struct Student {
    net: Optimized<ClassifierNet>,
    architecture: Architecture,
    answers: Tensor<2, Int>,
    smoothing: f64,
}

impl Train for Student {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let rows = batch.labels.clone().expect("pictures are numbered");
        let answers = self.answers.clone().select(0, rows);
        let logits = self.net.net().forward(batch.values.clone()).logits;
        let mut first = 0;
        let mut losses = Vec::new();
        for (question, count) in QUESTIONS.into_iter().enumerate() {
            let own = answers.clone().narrow(1, question, 1).squeeze_dim::<1>(1);
            let asked = own.clone().greater_equal_elem(0).float();
            let of = logits.clone().narrow(1, first, count);
            let loss = cross_entropy(of, &own.clamp_min(0), self.smoothing);
            losses.push((loss * Tensor::from_inner(asked)).mean());
            first += count;
        }
        let loss = losses.into_iter().reduce(|a, b| a + b).expect("seven questions");
        let scalars = Scalars::new().with("loss", loss.clone());
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenClassifier::of_images(self.architecture.clone(), self.net.frozen()))
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

impl Judge {
    /// The judge of scenes with weights of one's own.
    ///
    /// # Errors
    /// As [`Judge::from_bytes`].
    pub fn scenes(
        name: &str,
        architecture: &Architecture,
        bytes: &[u8],
        device: &Device,
    ) -> Result<Self, JudgeError> {
        Ok(Self::from_bytes(name, architecture, bytes, device)?.knowing(Classes::Questions))
    }

    /// What it answers to [`QUESTIONS`] about each of `images` `[n, 3, H, W]` in [0, 1]; None from a judge of other pictures.
    pub fn answers(&self, images: &Tensor<4>) -> Option<Vec<Vec<u32>>> {
        match &self.network {
            Network::Classifier(judge) if judge.classes == Classes::Questions => {
                Some(read(judge, images, &self.device))
            }
            _ => None,
        }
    }
}

/// The likeliest answer to each question about each of `images` `[n, 3, H, W]`.
pub(super) fn read(judge: &Classifier, images: &Tensor<4>, device: &Device) -> Vec<Vec<u32>> {
    let answered = |batch| {
        let logits = crate::features::host::floats(judge.network().classify(batch).logits);
        logits.chunks(ANSWERS).map(likeliest).collect::<Vec<_>>()
    };
    batches(images, device).flat_map(answered).collect()
}

fn likeliest(logits: &[f32]) -> Vec<u32> {
    let mut rest = logits;
    let answer = |count: usize| {
        let own;
        (own, rest) = rest.split_at(count);
        let best = (0..count).max_by(|a, b| own[*a].total_cmp(&own[*b]));
        best.expect("a question has answers") as u32
    };
    QUESTIONS.map(answer).to_vec()
}

/// Share of `pictures` about which all answers are right that their scenes have.
pub fn share_right(read: &[Vec<u32>], pictures: &Values) -> f64 {
    let scenes = pictures.scenes.as_ref().expect("pictures of scenes").rows();
    let right = read.iter().zip(scenes).filter(|(read, scene)| {
        let own = scene.caption.answers().expect("scenes of one or two objects");
        own.iter().zip(*read).all(|(own, read)| own == read)
    });
    right.count() as f64 / scenes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_reads_test_scenes_as_well_as_it_says() {
        let options = genlab_data::LoadOptions::default();
        let test = genlab_data::load("scenes-32", &options).unwrap().test;
        let device = Device::flex();
        let judge = Judge::for_dataset("scenes-32", test.shape(), &device).unwrap();
        let read = judge.answers(&test.tensor(0..test.len(), &device)).unwrap();
        let (right, said) = (share_right(&read, &test), judge.accuracy.unwrap());
        // Another processor may round a few answers differently.
        assert!((right - said).abs() < 0.002, "{right}, and {said} as it says");
        let digits = Judge::for_dataset("mnist", genlab_core::ImageShape::new(1, 28, 28), &device);
        assert_eq!(digits.unwrap().answers(&Tensor::zeros([1, 1, 28, 28], &device)), None);
    }

    #[test]
    fn the_likeliest_answer_to_each_question_is_taken_by_itself() {
        let mut logits = vec![0.0; ANSWERS];
        // Two objects, side by side; the first is a 3, ..., the last question is answered by its second answer.
        for place in [1, 3 + 3, ANSWERS - 1] {
            logits[place] = 1.0;
        }
        let read = likeliest(&logits);
        assert_eq!((read[0], read[1], read[6]), (1, 3, 1));
    }
}
