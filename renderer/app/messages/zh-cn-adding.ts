// 同时添加多台机器的简体中文文字。
export const zhCnAdding = {
  'add-many.title': '添加 {n, plural, other {# 台机器}}',
  'add-many.lead':
    '勾选登录方式相同的机器，只需输入一次。每台机器会先显示自己的密钥；在你信任该密钥之前，输入的内容不会发给它。',
  'add-many.which': '使用此登录方式的机器',
  'add-many.config': '用户和密钥按 ~/.ssh/config 中的写法',
  'add-many.config.hint': '适用于其中列出的机器；下面填写的用于其余机器。',
  'add-many.submit': '添加{n, plural, other {全部 # 台}}',
  'add-many.submit-some': '添加 {n} 台，然后另外 {rest} 台',
  'add-many.retry': '重试 {n} 台机器',

  'adding.title': '正在添加机器',
  'adding.empty': '没有正在添加的机器。',
  'adding.view.all': '全部',
  'adding.view.needs-you': '需要你',
  'adding.view.under-way': '进行中',
  'adding.view.live': '在线',
  'adding.view.not-added': '未添加',
  'adding.summary': '进展',
  'adding.progress': '{n} 台中已有 {done} 台结束。',
  'adding.done':
    '{live} 台在线{failed, plural, =0 {} other {，# 台失败}}{skipped, plural, =0 {} other {，# 台已跳过}}，用时 {took}。',
  'adding.pause': '暂停 {n} 台',
  'adding.resume': '继续 {n} 台',
  'adding.skip': '跳过 {n} 台',
  'adding.retry': '重试失败的{n, plural, other { # 台}}',
  'adding.put-away': '收起',
  'adding.keys': '待比对的密钥',
  'adding.keys.jump': '跳板机 {name}（{title}）',
  'adding.keys.title': '{n, plural, other {这些是你要的机器吗？有 # 台的密钥还没有人比对过。}}',
  'adding.keys.explain': '在每台机器上运行此命令，比对后勾选一致的。在此之前不会登录该机器。',
  'adding.keys.refuse': '{title} 不一致，停止',
  'adding.keys.trust': '信任{n, plural, =0 {已勾选的} other {已勾选的 # 台}}',
  'adding.keys.tick-all': '勾选所有没有反证的',
  'adding.keys.tick-known': '勾选 known_hosts 中已有的{n, plural, other { # 台}}',
  'adding.on-rack':
    '正在添加 {n, plural, other {# 台机器}}：{live} 台在线，{underWay} 台进行中，{needsYou} 台需要你，{notAdded} 台未添加',

  'lane.pause': '暂停',
  'lane.resume': '继续',
  'lane.state.in-line': '排队中',
  'lane.state.pausing': '此步骤后暂停',
  'lane.state.paused': '已暂停',
  'attention.lanes':
    '你添加的机器中有 {n, plural, other {# 台}}{needsYou, plural, =0 {未能添加} other {{failed, plural, =0 {需要你} other {需要你或未能添加}}}}',
} as const;
