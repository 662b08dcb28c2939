//! The image upload.
//!
//! Owns the limits on images. Type and size are told from the bytes, never from a name or a declared type.

use imagesize::ImageType;
use serde_json::Value;

use crate::faults::name::FaultName;
use crate::http::answer::{Answer, Refusal, Reply};
use crate::http::multipart::Part;
use crate::server::host::Host;
use crate::server::visit::Visit;
use crate::state::event::{Event, LedgerImage};
use crate::state::memory::{Account, Lane};

/// Images of one upload and of one story.
pub(crate) const IMAGES_MAX: usize = 10;
/// An image must be smaller. The strictest reading of "10 MB".
const IMAGE_BYTES: usize = 10_000_000;

/// Takes every part whose name begins with `file`, and answers a path for each.
pub(crate) fn upload(host: &mut Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let parts = &visit.incoming.parts;
    // A text part is a client that forgot the file name: refused, because its images would be missing.
    if parts.iter().any(|part| part.file_name.is_none()) {
        return Err(Refusal::Code(-2));
    }
    let files: Vec<&Part> = parts.iter().filter(|part| part.name.starts_with("file")).collect();
    if files.is_empty() {
        return Err(Refusal::Code(-2));
    }
    if files.len() > IMAGES_MAX {
        return Err(Refusal::Code(-606));
    }
    if files.iter().any(|file| file.data.len() >= IMAGE_BYTES) {
        return Err(Refusal::Code(-602));
    }
    let mut images = Vec::new();
    for (ahead, file) in files.iter().enumerate() {
        images.push(describe(host, file, ahead as u64)?);
    }
    if images.len() > 1 && images.iter().any(|image| image.format == "gif") {
        return Err(Refusal::Code(-606));
    }
    let mut paths: Vec<Value> = images.iter().map(|image| Value::from(image.path.clone())).collect();
    let kept: Vec<String> = images.iter().map(|image| image.path.clone()).collect();
    let event = |image| Event::Upload { account: account.name.clone(), at: visit.now, image };
    host.commit(images.into_iter().map(event).collect())?;
    for (path, file) in kept.iter().zip(&files) {
        host.images.put(path, &file.data);
    }
    if host.options.quirks.reverse_images || visit.fired.has(FaultName::ReverseImages) {
        paths.reverse();
    }
    Ok(Answer::json(&Value::Array(paths)))
}

fn describe(host: &Host, file: &Part, ahead: u64) -> Result<LedgerImage, Refusal> {
    use sha2::Digest;
    let wrong_type = Refusal::Code(-911);
    let (format, extension) = match imagesize::image_type(&file.data) {
        Ok(ImageType::Jpeg) => ("jpeg", "jpg"),
        Ok(ImageType::Png) => ("png", "png"),
        Ok(ImageType::Gif) => ("gif", "gif"),
        _ => return Err(wrong_type),
    };
    let size = imagesize::blob_size(&file.data).map_err(|_| wrong_type.clone())?;
    let width = u32::try_from(size.width).map_err(|_| wrong_type.clone())?;
    let height = u32::try_from(size.height).map_err(|_| wrong_type)?;
    let folder = host.memory.unique_text(Lane::ImageFolder, ahead);
    let name = host.memory.unique_text(Lane::Image, ahead);
    Ok(LedgerImage {
        path: format!("/{}/hy{}/{name}0/img.{extension}?width={width}&height={height}", &folder[..6], &folder[6..]),
        sha256: sha2::Sha256::digest(&file.data).iter().map(|byte| format!("{byte:02x}")).collect(),
        format: format.to_owned(),
        width,
        height,
        bytes: file.data.len() as u64,
    })
}
