// What GDAL makes of a member of a zip file: node sozip.js HOME DIR FILE/MEMBER
// prints what it says of a SOZip index, and how many features it reads.  HOME is
// the working directory, too.
const [home, directory, member] = process.argv.slice(2);
const gdal = require(home + "/node_modules/gdal3.js/node");

gdal({}).then(({ Module: module }) => {
    const call = (name, ...words) => module.ccall(name, "number",
        words.map((word) => typeof word), words);
    module.FS.mkdir("/zip");
    module.FS.mount(module.NODEFS, { root: directory }, "/zip");
    call("CPLSetConfigOption", "CPL_DEBUG", "ON");
    const VECTOR = 4;
    const dataset = call("GDALOpenEx", "/vsizip//zip/" + member, VECTOR,
        0, 0, 0, 0);
    const layer = call("OGR_DS_GetLayer", dataset, 0);
    console.log("features:", call("OGR_L_GetFeatureCount", layer, 1));
});
