# rollcall_room(name [USES rooms...] [LIBRARIES targets...]): one static library from src/<name>/*.cpp, as rollcall::<name>.
function(rollcall_room name)
  cmake_parse_arguments(room "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  add_library(rollcall_${name} STATIC ${sources})
  add_library(rollcall::${name} ALIAS rollcall_${name})
  target_include_directories(rollcall_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include"
    PRIVATE "${PROJECT_SOURCE_DIR}/src/${name}")
  list(TRANSFORM room_USES PREPEND rollcall::)
  target_link_libraries(rollcall_${name} PUBLIC fmt::fmt ${room_USES} ${room_LIBRARIES})
  target_precompile_headers(rollcall_${name} REUSE_FROM rollcall_pch)
endfunction()

# rollcall_program(name SOURCES files... USES rooms... [LIBRARIES targets...]): a binary in bin/.
function(rollcall_program name)
  cmake_parse_arguments(program "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name} ${program_SOURCES})
  list(TRANSFORM program_USES PREPEND rollcall::)
  target_link_libraries(${name} PRIVATE ${program_USES} ${program_LIBRARIES})
  target_precompile_headers(${name} REUSE_FROM rollcall_pch)
endfunction()
