// The page of a model of images: a class for the picture.
function tell(one) { show(one); }
function told() {}
function plain() {}
begin();
