// The form without this script is whole. With it: what is typed is kept on the way, sending waits for a
// connection instead of losing the words, and photos are made small before they travel.
(function () {
  'use strict';
  var form = document.querySelector('[data-draft]');
  if (!form || !window.XMLHttpRequest) { return; }
  var SAVE_EVERY = 4000, TRY_AGAIN = 5000, PATIENCE = 20000, WARN_BEFORE = 300;
  var MOST_BYTES = 10 * 1024 * 1024, LONGEST_SIDE = 1600, QUALITY = 0.85;

  // ---- what is said ----------------------------------------------------------------------------------

  var line = form.querySelector('[data-status]');
  function say(what) {
    var words = line.getAttribute('data-' + what);
    if (!line.hidden && line.textContent === words) { return; }
    line.className = what === 'offline' || what === 'over' ? 'told told--trouble' : 'told';
    line.hidden = false;
    line.textContent = words;
  }

  // ---- keeping what was typed ------------------------------------------------------------------------

  function typed() {
    var pairs = ['auto=1'];
    Array.prototype.forEach.call(form.elements, function (box) {
      if (box.name && (box.tagName === 'TEXTAREA' || box.type === 'hidden')) {
        pairs.push(encodeURIComponent(box.name) + '=' + encodeURIComponent(box.value));
      }
    });
    return pairs.join('&');
  }

  var kept = typed(), failing = false, over = false, busy = false, sending = false;

  // `then(sure)`: sure is true where the server answered, whatever it said; false without a connection.
  function keep(then) {
    var words = typed(), call = new XMLHttpRequest();
    function lost() {
      busy = false; failing = true;
      say('offline');
      if (then) { then(false); }
    }
    busy = true;
    call.open('POST', form.getAttribute('data-draft'));
    call.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    call.timeout = PATIENCE;
    call.onload = function () {
      busy = false; failing = false;
      if (call.status === 410) { over = true; say('over'); if (then) { then(false); } return; }
      if (call.status < 300) { kept = words; if (!sending) { say('kept'); } }
      if (then) { then(true); }
    };
    call.onerror = call.ontimeout = lost;
    try { call.send(words); } catch (trouble) { lost(); }
  }

  setInterval(function () {
    if (!busy && !sending && !over && !failing && typed() !== kept) { keep(); }
  }, SAVE_EVERY);
  setInterval(function () {
    if (failing && !busy && !sending && !over) { keep(); }
  }, TRY_AGAIN);
  window.addEventListener('online', function () { if (failing && !busy && !over) { keep(); } });
  document.addEventListener('visibilitychange', function () {
    if (document.visibilityState === 'hidden' && !sending && !over && typed() !== kept && navigator.sendBeacon) {
      navigator.sendBeacon(form.getAttribute('data-draft'),
        new Blob([typed()], { type: 'application/x-www-form-urlencoded' }));
    }
  });
  var left = parseInt(form.getAttribute('data-seconds'), 10) - WARN_BEFORE;
  if (left > 0) { setTimeout(function () { if (!over && !failing) { say('soon'); } }, left * 1000); }

  form.querySelector('[data-keep]').addEventListener('click', function (event) {
    event.preventDefault();
    if (!busy) { keep(); }
  });
  var erasing = false;
  form.querySelector('[data-erase]').addEventListener('click', function () { erasing = true; });

  // ---- sending ---------------------------------------------------------------------------------------

  // First the words are kept, which also shows that there is a connection; only then the page is left.
  form.addEventListener('submit', function (event) {
    if (erasing) { erasing = false; return; }
    event.preventDefault();
    if (sending) { return; }
    var heavy = boxes.filter(function (box) { return isTooBig(box.querySelector('input').files[0]); })[0];
    if (heavy) { heavy.querySelector('input').focus(); return; }
    sending = true;
    say('sending');
    keep(function (sure) {
      if (sure) { form.submit(); } else { sending = false; }
    });
  });
  window.addEventListener('pageshow', function () { sending = false; });

  // ---- photos ----------------------------------------------------------------------------------------

  var boxes = Array.prototype.slice.call(form.querySelectorAll('[data-photo]'));
  var trouble = form.querySelector('[data-photo-trouble]');

  function canShrink() {
    try {
      // Only where the browser itself turns a photo upright: else it would lie on its side for ever.
      return !!(window.URL && HTMLCanvasElement.prototype.toBlob && window.CSS && CSS.supports &&
        CSS.supports('image-orientation', 'from-image') && new DataTransfer().items && new File([], 'x'));
    } catch (missing) { return false; }
  }
  var shrinks = canShrink();

  function chosen(box) { return box.querySelector('input').files.length > 0; }
  function showBoxes() {
    boxes.forEach(function (box, at) {
      box.hidden = at > 0 && !chosen(box) && !chosen(boxes[at - 1]) && !box.querySelector('[aria-invalid]');
    });
  }
  function clear(box) {
    var seen = box.querySelector('[data-seen]'), canvas = seen.querySelector('canvas');
    if (canvas) { seen.removeChild(canvas); }
    seen.hidden = !chosen(box);
  }
  function isTooBig(file) { return !!file && file.size > MOST_BYTES; }
  function tooBig(file) {
    trouble.hidden = !isTooBig(file);
    trouble.textContent = trouble.hidden ? '' : trouble.getAttribute('data-photo-trouble');
  }
  function shrink(box, input, file) {
    var picture = new Image(), address = URL.createObjectURL(file);
    picture.onerror = function () { URL.revokeObjectURL(address); tooBig(file); };
    picture.onload = function () {
      var part = Math.min(1, LONGEST_SIDE / Math.max(picture.naturalWidth, picture.naturalHeight));
      var canvas = document.createElement('canvas');
      canvas.width = Math.max(1, Math.round(picture.naturalWidth * part));
      canvas.height = Math.max(1, Math.round(picture.naturalHeight * part));
      var pen = canvas.getContext('2d');
      pen.fillStyle = '#fff';
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(address);
      if (input.files[0] !== file) { return; }
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', box.querySelector('label').textContent);
      var seen = box.querySelector('[data-seen]');
      seen.insertBefore(canvas, seen.firstChild);
      canvas.toBlob(function (blob) {
        if (!blob || input.files[0] !== file) { return; }
        if (blob.size < file.size) {
          var carrier = new DataTransfer();
          carrier.items.add(new File([blob], 'photo.jpg', { type: 'image/jpeg' }));
          input.files = carrier.files;
        }
        tooBig(input.files[0]);
      }, 'image/jpeg', QUALITY);
    };
    picture.src = address;
  }

  boxes.forEach(function (box) {
    var input = box.querySelector('input');
    input.addEventListener('change', function () {
      var file = input.files[0];
      clear(box);
      showBoxes();
      trouble.hidden = true;
      if (file && shrinks) { shrink(box, input, file); } else { tooBig(file); }
    });
    box.querySelector('[data-drop]').addEventListener('click', function () {
      input.value = '';
      clear(box);
      showBoxes();
      trouble.hidden = true;
      input.focus();
    });
  });
  if (boxes.length) { showBoxes(); }
}());
