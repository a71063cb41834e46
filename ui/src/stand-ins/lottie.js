/** ns8-ui-lib brings animations, which these pages don't show: no reason to load the player. */
export default {};
