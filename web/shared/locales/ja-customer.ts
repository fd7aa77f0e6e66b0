export const customerJa = {
  title: 'お客様として電話をかける',
  lead: 'このブラウザーから、契約者の番号に電話をかけます。電話秘書が応対します。',
  number: 'かける番号',
  noNumbers: 'かけられる番号がありません',
  noNumbersNext:
    '管理者が npm run denwaban -- apply FILE で契約者と番号を登録すると、ここに出ます。',
  withhold: '番号を通知しない（非通知）',
  callerNumber: '自分の番号（相手に見える番号）',
  callerNumberNeeded: '番号を入れるか、「非通知」を選んでください。',
  call: '電話をかける',
  again: 'もう一度かける',
  hangUp: '電話を切る',
  microphoneHint: 'ブラウザーがマイクの使用をたずねたら「許可」を選んでください。',
  phase: {
    asking: 'マイクの許可を待っています',
    placing: '電話をかけています',
    ringing: '呼び出しています',
    talking: '通話中',
    unattended: '応答がないため、案内を流しています',
    ended: '通話は終わりました',
  },
  reason: {
    caller: 'お客様が電話を切りました。',
    operator: '電話秘書が電話を切りました。',
    unattended: '応答がありませんでした。不在着信として契約者に知らせます。',
    other: '電話が切れました（{{reason}}）。',
  },
  problem: {
    refused:
      'マイクの使用が許可されていません。アドレス欄のマイクのアイコンから「許可」に切り替えて、もう一度かけてください。',
    missing: 'マイクが見つかりません。マイクをつないで、もう一度かけてください。',
    busy: 'マイクを使えませんでした。ほかのアプリを閉じて、もう一度かけてください。',
  },
  sound: '相手の声',
  soundBlocked: '音を出す',
} as const;
