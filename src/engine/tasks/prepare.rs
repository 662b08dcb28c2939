//! The repeatable half, ahead of the due time: upload the images, or scrape the link.

use std::fs::File;
use std::io::{BufReader, Seek};

use crate::domain::clock::later;
use crate::domain::content::{Artifact, Body, Content, Image};
use crate::domain::fault::Fault;
use crate::engine::context::Ctx;
use crate::engine::failure::{set_back, unless_lost};
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::with_token;
use crate::network::kakao::ImageFile;
use crate::plan::image;
use crate::store::StoreError;
use crate::store::view::TaskKind;

/// Prepares the account's next post whose preparation is due.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let Some(claim) = ctx.store.claim_to_prepare(account, ctx.clock.now(), ctx.rules.lease).await? else {
        return Ok(TaskReport::idle(TaskKind::Prepare, account));
    };
    let post = (claim.taken().post, claim.taken().job.clone());
    let outcome = match artifact(ctx, account, claim.content()).await {
        Ok(artifact) => {
            let now = ctx.clock.now();
            let until = later(now, ctx.rules.artifact_life);
            let written = ctx.store.record_prepared(claim, &artifact, until, now).await;
            written.map(|written| unless_lost(written, TaskOutcome::Prepared))
        }
        Err(fault) => set_back(ctx, claim, fault).await,
    };
    let outcome = outcome.map_err(|error| error.of_post(post.0))?;
    Ok(TaskReport { deed: TaskKind::Prepare, account: account.into(), post: Some(post), outcome })
}

async fn artifact(ctx: &Ctx, account: &str, content: &Content) -> std::result::Result<Artifact, Fault> {
    match &content.body {
        Body::Note { .. } => Err(Fault::permanent("note", "a note has nothing to prepare", "Report this as a bug.")),
        Body::Photo { images, .. } => {
            with_token::repeatable(ctx, account, async |token| {
                // Opened anew for each try, which sends them from their beginning.
                let files = image_files(ctx, images.clone()).await?;
                ctx.kakao.upload(&token, files).await
            })
            .await
        }
        Body::Link { url, .. } => {
            with_token::repeatable(ctx, account, async |token| ctx.kakao.link_info(&token, url).await).await
        }
    }
}

async fn image_files(ctx: &Ctx, images: Vec<Image>) -> std::result::Result<Vec<ImageFile>, Fault> {
    let media = ctx.store.media().clone();
    let lost = |error: StoreError| {
        Fault::permanent("media", error.to_string(), "Then let the post go ahead with `storyd admin retry`.")
    };
    let read = move || -> std::result::Result<Vec<ImageFile>, Fault> {
        images
            .into_iter()
            .map(|image| {
                let file = media.open(&image).map_err(lost)?;
                is_whole(&image, &file)?;
                let Image { sha256, name, format, bytes } = image;
                Ok(ImageFile { name, format, bytes, sha256, file })
            })
            .collect()
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(files) => files,
        Err(_) => Err(Fault::transient("media", "reading the stored images was interrupted")),
    }
}

/// A picture that was taken over before its kind of damage was known of must not go out either.
fn is_whole(image: &Image, mut file: &File) -> std::result::Result<(), Fault> {
    let again = |error: std::io::Error| Fault::transient("media", format!("a stored image cannot be read: {error}"));
    let seen = image::whole(BufReader::new(file), image.bytes).map_err(again)?;
    file.rewind().map_err(again)?;
    seen.map_err(|odd| {
        let remedy = "Put a whole picture in its place: the post follows its job file, then let it go ahead with `storyd admin retry`.";
        Fault::permanent("images", format!("the image {} is {}", image.name, odd.what), remedy)
    })
}
