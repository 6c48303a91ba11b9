// Tells our own server that a number was dialled or the page printed: once a page, without saying by whom.
(function () {
  'use strict';
  var proof = document.querySelector('main input[name="proof"]');
  if (!proof || !navigator.sendBeacon) { return; }
  var told = {};
  function tell(deed, number) {
    if (told[deed]) { return; }
    told[deed] = true;
    var words = 'proof=' + encodeURIComponent(proof.value) + '&deed=' + deed + '&number=' + number;
    navigator.sendBeacon('/handbook/told', new Blob([words], { type: 'application/x-www-form-urlencoded' }));
  }
  document.querySelector('main').addEventListener('click', function (event) {
    for (var link = event.target; link && link.getAttribute; link = link.parentNode) {
      var goal = link.getAttribute('href') || '';
      if (goal.indexOf('tel:') === 0) { tell('called', decodeURIComponent(goal.slice(4)).replace(/[^0-9]/g, '')); return; }
    }
  });
  window.addEventListener('beforeprint', function () { tell('printed', ''); });
}());
