// Quick exit: the page is blank at once, and its entry in the browser's history is replaced.
(function () {
  'use strict';
  var form = document.querySelector('[data-leave]');
  if (form) {
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      document.documentElement.style.visibility = 'hidden';
      document.title = '\u00a0';
      window.location.replace(form.getAttribute('data-leave'));
    });
  }
  // A page that the browser kept in memory must not come back after leaving, not even for a moment: it is kept blank.
  window.addEventListener('pagehide', function (event) {
    if (event.persisted) { document.documentElement.style.visibility = 'hidden'; }
  });
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) { window.location.reload(); }
  });
  // On paper nothing can be opened any more.
  var folded = document.querySelectorAll('.card__rest');
  function fold(open) {
    for (var i = 0; i < folded.length; i += 1) { folded[i].open = open; }
  }
  window.addEventListener('beforeprint', function () { fold(true); });
  window.addEventListener('afterprint', function () { fold(false); });
  var print = document.querySelector('[data-print]');
  if (print) {
    print.hidden = false;
    print.addEventListener('click', function () { window.print(); });
  }
}());
