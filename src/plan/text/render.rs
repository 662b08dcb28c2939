//! What the post of each occurrence of a job says: its text, and what beside it holds variables. Pure.

use std::path::PathBuf;

use super::fields::{Filled, Filling};
use super::rotation::{TextError, TextRenderer};
use crate::domain::content::{Body, Content, Image};
use crate::plan::job::Job;
use crate::plan::schedule::rule::Occurrence;

/// What the posts of one job say.
#[derive(Debug)]
pub struct Renderer<'a> {
    pub(crate) job: &'a Job,
    pub(crate) voice: Option<TextRenderer<'a>>,
    pub(crate) filling: Option<Filling<'a>>,
}

/// What the post of one occurrence says.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Its content.
    pub content: Content,
    /// Its tags, where they differ from post to post.
    pub tags: Option<Vec<String>>,
}

impl Job {
    /// What the post of an occurrence says.
    ///
    /// # Errors
    /// Its text cannot be made. What lies within the next 400 days was made when the plan was loaded, as far as its number is
    /// bounded, so this is for what comes long after.
    pub fn content_of(&self, occurrence: &Occurrence) -> Result<Content, TextError> {
        match self.sayer() {
            Some(mut sayer) => Ok(sayer.say(occurrence)?.content),
            None => Ok(self.content.clone()),
        }
    }

    /// Tells what one occurrence after the other says; `None` when all say the same.
    pub fn sayer(&self) -> Option<Renderer<'_>> {
        let names = (self.name.as_str(), self.account.as_str());
        let filling = self.beside.as_ref().map(|beside| Filling::new(beside, &self.time_zone, names));
        let voice = self.voice();
        (voice.is_some() || filling.is_some()).then_some(Renderer { job: self, voice, filling })
    }
}

impl Renderer<'_> {
    /// What an occurrence says.
    ///
    /// # Errors
    /// A part of it cannot be made.
    pub fn say(&mut self, occurrence: &Occurrence) -> Result<Rendered, TextError> {
        let mut content = self.job.content.clone();
        if let Some(voice) = &mut self.voice {
            content = content.saying(voice.text(occurrence)?);
        }
        let Some(filling) = &self.filling else { return Ok(Rendered { content, tags: None }) };
        let Filled { url: filled, images: paths, tags, app } = filling.of(occurrence)?;
        match &mut content.body {
            Body::Link { url, .. } => *url = filled.unwrap_or_else(|| std::mem::take(url)),
            Body::Photo { images, .. } => {
                if let Some(paths) = paths {
                    let found = |path: &PathBuf| {
                        self.job.pictures.get(path).map(|(image, _)| image.clone()).ok_or_else(|| path.clone())
                    };
                    let all: Result<Vec<Image>, PathBuf> = paths.iter().map(found).collect();
                    *images = all.map_err(|path| filling.unseen(&path, occurrence))?;
                }
            }
            Body::Note { .. } => {}
        }
        content.app = app.unwrap_or(content.app);
        Ok(Rendered { content, tags })
    }
}
