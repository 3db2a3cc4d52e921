#include "upstream/example.hpp"

namespace rollcall::standin {

std::string_view documented_answer() {
  return R"json({
    "message": "成功",
    "code": "1000",
    "data": [
        {
            "userName": "wxid_o4g4lw3y8bvj12",
            "nickName": "飞飞飞",
            "displayName": null,
            "bigHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/Yic6yVibOib4ndwVGeic93u1cPZvtUibiclzQZiaaQSWLFBicNmtdHmMhfeFDkiaoEB6iaVlyPoK2Qp8pLA51UMbuAeORU2UcSmw79G9dibpDPTKRL4Eec/0",
            "smallHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/Yic6yVibOib4ndwVGeic93u1cPZvtUibiclzQZiaaQSWLFBicNmtdHmMhfeFDkiaoEB6iaVlyPoK2Qp8pLA51UMbuAeORU2UcSmw79G9dibpDPTKRL4Eec/132",
            "inviteUser": "wxid_6mq1pu8ngj3r22"
        },
        {
            "userName": "wxid_32g5el0eplju22",
            "nickName": "刘建宏",
            "displayName": null,
            "bigHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/AGdHfibweZiccfTNwPvyYoIjpr76XmNP6IqvcuW3ZY47Oj3BvtozFHklz3Dbrr1g1xOPHNVbhlS5ocjaYn2V2wTCOMWMxykBiclcgfN4LVeJDA/0",
            "smallHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/AGdHfibweZiccfTNwPvyYoIjpr76XmNP6IqvcuW3ZY47Oj3BvtozFHklz3Dbrr1g1xOPHNVbhlS5ocjaYn2V2wTCOMWMxykBiclcgfN4LVeJDA/132",
            "inviteUser": "wxid_6mq1pu8ngj3r22"
        },
        {
            "userName": "wxid_cf2r2mdypejh32",
            "nickName": "Gun🦑",
            "displayName": null,
            "bigHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/rIRpZ5WSDQuCs49sA6TicCatGu8MwdpnbAWqUk6CBg378jWAIXEAicaP2ias92dFcSlXPKE2Y9JpoDc3TAV6SuC8rXgEQrukicqiaVfvTbATyHN4/0",
            "smallHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/rIRpZ5WSDQuCs49sA6TicCatGu8MwdpnbAWqUk6CBg378jWAIXEAicaP2ias92dFcSlXPKE2Y9JpoDc3TAV6SuC8rXgEQrukicqiaVfvTbATyHN4/132",
            "inviteUser": "wxid_6mq1pu8ngj3r22"
        },
        {
            "userName": "wxid_6mq1pu8ngj3r22",
            "nickName": "为了更美好的明天而战",
            "displayName": null,
            "bigHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/8wIWia4DaMD9cf6gmmledibDOicW4FRI0LmicBOxHasH3JLcauD7CQX6dGXRC0XoMCoONzevicYFeMQcRVmYh1uPMxEnibDiagwCnQbPBcd0fdFT7s/0",
            "smallHeadImgUrl": "http://wx.qlogo.cn/mmhead/ver_1/8wIWia4DaMD9cf6gmmledibDOicW4FRI0LmicBOxHasH3JLcauD7CQX6dGXRC0XoMCoONzevicYFeMQcRVmYh1uPMxEnibDiagwCnQbPBcd0fdFT7s/132",
            "inviteUser": null
        }
    ]
})json";
}

} // namespace rollcall::standin
